# The functions by which make.sh, here and in the folder pem, run a maker and record what it did. Sourced, not run.
export OPENSSL34=${OPENSSL34:-openssl} PYTHON=${PYTHON:-python3}
WORK=$(mktemp -d)
export WORK
trap 'rm -rf -- "$WORK"' EXIT
records=$WORK/records.jsonl
: > "$records"
maker='' version=''

# vector FILE PASSWORD DESCRIPTION COMMAND: runs COMMAND and records it. PASSWORD "-" is no password at all.
# From the environment: EXPECT (the result in plain words), EXOTIC (what a reader may refuse by name), and for PEM files
# KEYS and CERTS (the identities in them).
vector() {
    local log=$WORK/log
    if ! eval "$4" > "$log" 2>&1; then
        echo "FAILED  $1: $(tr '\n' ' ' < "$log" | cut -c1-300)"
        return 0
    fi
    echo "made    $1"
    record "$@"
}

# record FILE PASSWORD DESCRIPTION COMMAND: a manifest entry, without running anything.
record() {
    RECORD_EXPECT=${EXPECT:-opened} RECORD_EXOTIC=${EXOTIC:-} RECORD_KEYS=${KEYS-leaf} RECORD_CERTS=${CERTS-leaf} \
        "$PYTHON" -c '
import json, os, sys
file, password, description, command, maker, version = sys.argv[1:]
given = os.environ
print(json.dumps({"file": file, "maker": maker, "makerVersion": version, "command": command,
                  "password": None if password == "-" else password, "description": description,
                  "result": given["RECORD_EXPECT"], "exotic": given["RECORD_EXOTIC"] or None,
                  "keys": given["RECORD_KEYS"], "certs": given["RECORD_CERTS"]}))
' "$1" "$2" "$3" "$4" "$maker" "$version" >> "$records"
}

# has COMMAND MAKER: says so if a maker is missing.
has() {
    command -v "$1" > /dev/null && return 0
    echo "skipped $2: $1 is not installed"
    return 1
}
