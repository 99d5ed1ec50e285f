//! Sockets: binds the ports, accepts connections, and stops.
//!
//! One task per listening socket and one per connection, on the caller's tokio runtime. A shutdown stops accepting,
//! lets replies that are under way finish, and after a grace period drops what is left.

use alloc::sync::Arc;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io;

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::error::Error;
use crate::faulty_io::{ResetSwitch, Resettable};
use crate::http::{Channel, serve_connection};
use crate::service::{Addresses, TokenService};
use crate::tls::Identity;
use crate::vault::Vault;

/// Longest wait for a TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Longest wait for open connections at shutdown.
const GRACE: Duration = Duration::from_secs(2);
/// Pause after a failed accept, which means that the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Attempts to find a port that is free for IPv4 and IPv6 alike.
const PORT_ATTEMPTS: usize = 16;

/// A local token service.
#[derive(Debug)]
pub struct Emulator;

/// A running emulator. Dropping it stops it without waiting for replies under way.
#[derive(Debug)]
pub struct Running {
    https: SocketAddr,
    http: Option<SocketAddr>,
    vaults: Vec<(String, u16)>,
    ca_pem: String,
    service: Arc<TokenService>,
    stop: watch::Sender<bool>,
    accepting: JoinSet<()>,
}

impl Emulator {
    /// Starts an emulator on the current tokio runtime; it accepts connections from the moment this returns.
    ///
    /// # Errors
    ///
    /// An address is not loopback or can't be listened on, the emulator's keys can't be made, or those of a vault
    /// can't be used.
    pub async fn start(config: Config) -> Result<Running, Error> {
        let mut ports = vec![(bind(config.listen).await?, true)];
        let mut vaults = Vec::new();
        for vault in &config.vaults {
            let bound = bind(SocketAddr::new(config.listen.ip(), vault.port)).await?;
            vaults.push((vault.name.clone(), bound.address.port()));
            ports.push((bound, true));
        }
        if let Some(address) = config.http_listen {
            ports.push((bind(address).await?, false));
        }
        let hosts: Vec<String> = config.vaults.iter().flat_map(Vault::all_hosts).collect();
        let identity = Identity::generate(&hosts)?;
        let service = Arc::new(TokenService::new(config)?);
        let (https, http) = addresses(&ports)?;
        let authority = format!("https://localhost:{}", https.port());
        service.listens_at(Addresses {
            authority,
            http: http.map(|http| format!("http://localhost:{}", http.port())).unwrap_or_default(),
            tls_thumbprint: identity.thumbprint.clone(),
            vaults: vaults.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let mut accepting = JoinSet::new();
        let acceptor = TlsAcceptor::from(identity.config);
        for (bound, is_https) in ports {
            let local: Arc<str> = format!("localhost:{}", bound.address.port()).into();
            for listener in bound.listeners {
                let port = Port {
                    service: Arc::clone(&service),
                    acceptor: is_https.then(|| acceptor.clone()),
                    local: Arc::clone(&local),
                };
                accepting.spawn(port.accept(listener, stopped.clone()));
            }
        }
        Ok(Running { https, http, vaults, ca_pem: identity.ca_pem, service, stop, accepting })
    }
}

/// The address for HTTPS, which is the first, and the one for plain HTTP.
fn addresses(ports: &[(Bound, bool)]) -> Result<(SocketAddr, Option<SocketAddr>), Error> {
    let first = |wanted| {
        let mut found = ports.iter().filter(|(_, is_https)| *is_https == wanted);
        found.next().map(|(bound, _)| bound.address)
    };
    let https = first(true).ok_or_else(|| Error::Keys("no port to serve".to_owned()))?;
    Ok((https, first(false)))
}

impl Running {
    /// The address that HTTPS listens on. Clients call it `localhost`, `127.0.0.1` or `[::1]`.
    pub fn https_addr(&self) -> SocketAddr {
        self.https
    }

    /// The address that plain HTTP listens on.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The certificate authority to trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// `https://localhost:PORT`, the authority host to give to a client.
    pub fn authority(&self) -> String {
        format!("https://localhost:{}", self.https.port())
    }

    /// `https://localhost:PORT` of each vault, with its name.
    pub fn vault_urls(&self) -> impl Iterator<Item = (&str, String)> {
        self.vaults.iter().map(|(name, port)| (name.as_str(), format!("https://localhost:{port}")))
    }

    /// The service that answers: its counts, and its control interface without HTTP.
    pub fn service(&self) -> &TokenService {
        &self.service
    }

    /// Stops accepting, waits a moment for replies under way, and frees the ports.
    pub async fn shutdown(mut self) {
        // Fails only if every listening task is gone already.
        let _ = self.stop.send(true);
        while self.accepting.join_next().await.is_some() {}
    }
}

/// Sockets of one port: IPv4, and IPv6 where there is one.
struct Bound {
    address: SocketAddr,
    listeners: Vec<TcpListener>,
}

async fn bind(address: SocketAddr) -> Result<Bound, Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback { address });
    }
    let listen = |address: SocketAddr| async move {
        TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
    };
    let mut attempt = 1;
    loop {
        let first = listen(address).await?;
        let bound = first.local_addr().map_err(|source| Error::Listen { address, source })?;
        if address.ip() != Ipv4Addr::LOCALHOST {
            return Ok(Bound { address: bound, listeners: vec![first] });
        }
        // Clients resolve "localhost" to either address family.
        match listen(SocketAddr::from((Ipv6Addr::LOCALHOST, bound.port()))).await {
            Ok(second) => return Ok(Bound { address: bound, listeners: vec![first, second] }),
            Err(Error::Listen { source, .. }) if source.kind() != io::ErrorKind::AddrInUse => {
                return Ok(Bound { address: bound, listeners: vec![first] });
            }
            Err(taken) if address.port() != 0 || attempt == PORT_ATTEMPTS => return Err(taken),
            Err(_) => attempt += 1,
        }
    }
}

/// What every connection of a port shares.
struct Port {
    service: Arc<TokenService>,
    acceptor: Option<TlsAcceptor>,
    local: Arc<str>,
}

impl Port {
    async fn accept(self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // An error means that the handle was dropped.
                _ = stopped.changed() => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    connections.spawn(self.serve(stream, graceful.watcher()));
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        let _ = timeout(GRACE, graceful.shutdown()).await;
        connections.shutdown().await;
    }

    fn serve(&self, stream: TcpStream, watcher: Watcher) -> impl Future<Output = ()> + Send + 'static {
        let (service, local, acceptor) =
            (Arc::clone(&self.service), Arc::clone(&self.local), self.acceptor.clone());
        async move {
            let reset = ResetSwitch::default();
            let stream = Resettable::new(stream, reset.clone());
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            let channel = Channel { service, scheme, local, reset };
            match acceptor {
                None => serve_connection(stream, channel, watcher).await,
                Some(acceptor) => {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                        serve_connection(stream, channel, watcher).await;
                    }
                }
            }
        }
    }
}
