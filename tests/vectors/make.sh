#!/usr/bin/env bash
# Makes tests/vectors/bundles with OpenSSL: throw-away keys and certificates, never to be registered in a tenant.
# Run again only to replace them all; the tests pin nothing of their content.
set -euo pipefail
cd "$(dirname "$0")/bundles"
days=36500
openssl genrsa -traditional -out root.key 2048
openssl req -x509 -new -key root.key -sha256 -days $days -subj "/CN=certgrant test root" -out root.pem
openssl genrsa -out intermediate.key 2048
openssl req -new -key intermediate.key -subj "/CN=certgrant test intermediate" -out intermediate.csr
printf 'basicConstraints=critical,CA:TRUE\n' > ca.ext
openssl x509 -req -in intermediate.csr -CA root.pem -CAkey root.key -CAcreateserial -sha256 -days $days \
    -extfile ca.ext -out intermediate.pem
openssl genrsa -traditional -out leaf.pkcs1.key 2048
openssl req -new -key leaf.pkcs1.key -subj "/CN=certgrant test leaf" -out leaf.csr
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA intermediate.pem -CAkey intermediate.key -CAcreateserial -sha256 -days $days \
    -extfile leaf.ext -out leaf.pem
openssl ecparam -name prime256v1 -genkey -noout -out ec.sec1.key
openssl pkey -in ec.sec1.key -out ec.key
openssl req -x509 -new -key ec.key -sha256 -days $days -subj "/CN=certgrant test ec" -out ec.pem
openssl pkcs8 -topk8 -in leaf.pkcs1.key -passout pass:certgrant -out encrypted.key
openssl genrsa -out weak.key 1024
openssl pkey -in leaf.pkcs1.key -pubout -out public.pem
rm -f -- *.csr *.ext *.srl root.key intermediate.key
