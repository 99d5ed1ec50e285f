//! How an emulator is set up.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use crate::clock::Clock;
use crate::faults::FaultRule;
use crate::federation::Issuer;
use crate::log::LogSink;
use crate::managed_identity::{IdentityHost, ManagedIdentity};
use crate::registration::Application;
use crate::registrations::Registrations;
use crate::tenant::Tenant;
use crate::user::User;
use crate::vault::Vault;

/// The configuration of an emulator; [`Config::default`] listens on a free port and knows no application.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Loopback address for HTTPS; port 0 picks a free one. With 127.0.0.1 the same port of `::1` is listened on as
    /// well where the machine has it.
    pub listen: SocketAddr,
    /// Loopback address for plain HTTP, if it is wanted.
    pub http_listen: Option<SocketAddr>,
    /// Registered applications.
    pub applications: Vec<Application>,
    /// Users who can sign in.
    pub users: Vec<User>,
    /// Issuers whose tokens may stand for an application with federated credentials.
    pub issuers: Vec<Issuer>,
    /// Managed identities of the machine that the emulator stands in for.
    pub managed_identities: Vec<ManagedIdentity>,
    /// That machine.
    pub identity_host: IdentityHost,
    /// Tenants that exist; empty means all.
    pub tenants: Vec<Tenant>,
    /// Key vaults, each on a port of its own beside the others.
    pub vaults: Vec<Vault>,
    /// Serve the control interface below `/.control/`: whoever reaches the emulator can then change it.
    pub control: bool,
    /// What goes wrong from the start.
    pub faults: Vec<FaultRule>,
    /// Refuse what the RFCs forbid even where Entra lets it pass.
    pub strict: bool,
    /// How far an assertion's times may be off.
    pub clock_skew: Duration,
    /// Lifetime of access tokens; random between 60 and 90 minutes if absent.
    pub lifetime: Option<Duration>,
    /// Time source of the service. TLS certificates follow the system's clock in any case.
    pub clock: Clock,
    /// Where one entry per request goes.
    pub log: LogSink,
}

impl Config {
    /// [`Config::clock_skew`] as what is added to instants.
    pub(crate) fn skew(&self) -> time::Duration {
        time::Duration::try_from(self.clock_skew).unwrap_or(time::Duration::MAX)
    }

    /// Takes over all that a registration file holds, in place of what is there.
    pub fn register(&mut self, registrations: Registrations) {
        self.applications = registrations.applications;
        self.users = registrations.users;
        self.issuers = registrations.issuers;
        self.managed_identities = registrations.managed_identities;
        self.identity_host = registrations.identity_host;
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            http_listen: None,
            applications: Vec::new(),
            users: Vec::new(),
            issuers: Vec::new(),
            managed_identities: Vec::new(),
            identity_host: IdentityHost::default(),
            tenants: Vec::new(),
            vaults: Vec::new(),
            control: false,
            faults: Vec::new(),
            strict: false,
            clock_skew: Duration::from_secs(300),
            lifetime: None,
            clock: Clock::system(),
            log: LogSink::none(),
        }
    }
}
