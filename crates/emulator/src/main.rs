//! The `certgrant-emulator` command: a local Entra token service for tests and demos.
//!
//! Prints where it listens and where the certificate authority lies, each on a line that a script can wait for, then
//! one line per request. Ends at Ctrl-C or SIGTERM. What is decided about a request is the library's business.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use certgrant_emulator::{
    Config, Decision, Emulator, FaultRule, LogEntry, LogSink, Registrations, Running, Tenant, Vault,
};
use clap::Parser;

/// A local Microsoft Entra ID token service that really checks client assertions.
///
/// Serves the v1 and v2 token endpoints, device codes, OpenID configuration, key sets, instance discovery, the endpoints
/// of managed identities and a federated provider over HTTPS on this machine's loopback interface, with a certificate
/// authority of its own. Point NODE_EXTRA_CA_CERTS (Node.js),
/// REQUESTS_CA_BUNDLE (Python) or SSL_CERT_FILE (OpenSSL) at the file that it writes.
#[derive(Parser)]
#[command(name = "certgrant-emulator", version)]
struct Arguments {
    /// Registered applications: Graph's `application` object, an array of them, or {"value": [...]}, beside which
    /// "emulator" holds users, issuers and managed identities
    #[arg(long, value_name = "FILE")]
    registrations: PathBuf,
    /// Port for HTTPS; 0 picks a free one
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Port for plain HTTP, which is off unless this is given; 0 picks a free one
    #[arg(long, value_name = "PORT")]
    http_port: Option<u16>,
    /// Where to write the certificate authority; by default a temporary file that is removed at the end
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// A tenant that exists: GUID, domain or domain=GUID; may be repeated; without it every tenant exists
    #[arg(long, value_name = "TENANT")]
    tenant: Vec<Tenant>,
    /// Key vaults to stand in for: a vault, or an array of them; may be repeated
    #[arg(long, value_name = "FILE")]
    vaults: Vec<PathBuf>,
    /// Fault rules: what goes wrong, with which requests; may be repeated
    #[arg(long, value_name = "FILE")]
    faults: Vec<PathBuf>,
    /// Serve the control interface below /.control/, which shows and changes what the emulator does
    #[arg(long)]
    control: bool,
    /// Refuse what the RFCs forbid, also where Entra lets it pass
    #[arg(long)]
    strict: bool,
    /// Lifetime of access tokens; by default random between 3600 and 5399
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=864_000))]
    lifetime: Option<u64>,
    /// How far the times of an assertion may be off
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    clock_skew: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("certgrant-emulator: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let config = configuration(&arguments)?;
    let names: Vec<String> = config.applications.iter().map(|one| one.app_id().to_owned()).collect();
    let runtime = tokio::runtime::Runtime::new().map_err(|fault| format!("can't start: {fault}"))?;
    runtime.block_on(async {
        // Before the first line is printed, so that whoever waits for it can end the program.
        let end = end_signal().map_err(|fault| format!("can't wait for signals: {fault}"))?;
        let running = Emulator::start(config).await.map_err(|fault| fault.to_string())?;
        let authority = AuthorityFile::write(arguments.ca_out.as_deref(), running.ca_pem())?;
        greet(&running, &authority.path, arguments.strict, &names);
        end.await;
        running.shutdown().await;
        say("ended");
        Ok(())
    })
}

fn configuration(arguments: &Arguments) -> Result<Config, String> {
    let colour =
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut config = Config::default();
    config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    config.http_listen = arguments.http_port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    config.register(Registrations::read(&arguments.registrations).map_err(|fault| fault.to_string())?);
    for file in &arguments.vaults {
        config.vaults.extend(Vault::read(file).map_err(|fault| fault.to_string())?);
    }
    for file in &arguments.faults {
        config.faults.extend(FaultRule::read(file).map_err(|fault| fault.to_string())?);
    }
    config.control = arguments.control;
    config.tenants = arguments.tenant.clone();
    config.strict = arguments.strict;
    config.clock_skew = Duration::from_secs(arguments.clock_skew);
    config.lifetime = arguments.lifetime.map(Duration::from_secs);
    config.log = LogSink::new(move |entry| say(&line(entry, colour)));
    Ok(config)
}

fn greet(running: &Running, authority: &Path, strict: bool, applications: &[String]) {
    say(&format!("listening {}", running.authority()));
    if let Some(address) = running.http_addr() {
        say(&format!("listening http://localhost:{}", address.port()));
    }
    for (name, url) in running.vault_urls() {
        say(&format!("vault {name} {url}"));
    }
    say(&format!("certificate authority {}", authority.display()));
    let mode = if strict { "strict as the RFCs" } else { "lenient as Entra" };
    say(&format!("{mode}; applications: {}", applications.join(", ")));
    say("Ctrl-C ends it");
}

/// One line to stdout, at once. A reader that has gone away is no reason to stop serving.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn line(entry: &LogEntry, colour: bool) -> String {
    let code = match entry.decision {
        Decision::Issued { .. } => "32",
        Decision::Refused { .. }
        | Decision::Denied { .. }
        | Decision::Faulted { .. }
        | Decision::Unreadable { .. } => "31",
        _ => "2",
    };
    if colour { format!("\u{1b}[{code}m{entry}\u{1b}[0m") } else { entry.to_string() }
}

/// Completes at Ctrl-C or, where there is such a thing, SIGTERM. Listens from the moment it is made.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(windows)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

/// The written certificate authority; a temporary one goes with the program.
struct AuthorityFile {
    path: PathBuf,
    is_temporary: bool,
}

impl AuthorityFile {
    fn write(path: Option<&Path>, pem: &str) -> Result<Self, String> {
        let (path, is_temporary) = match path {
            Some(path) => (path.to_owned(), false),
            None => (temporary_path(), true),
        };
        let written = if is_temporary {
            // A file or link that somebody else has put there is not followed.
            fs::File::create_new(&path).and_then(|mut file| file.write_all(pem.as_bytes()))
        } else {
            fs::write(&path, pem)
        };
        written.map_err(|fault| {
            format!("can't write the certificate authority to {}: {fault}", path.display())
        })?;
        Ok(Self { path, is_temporary })
    }
}

fn temporary_path() -> PathBuf {
    std::env::temp_dir().join(format!("certgrant-emulator-{}-ca.pem", std::process::id()))
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_file(&self.path);
        }
    }
}
