//! The client over a token service in memory, and over the emulator on the loopback.

mod answers;
mod authorities;
#[cfg(feature = "azure-core")]
mod azure_core;
mod certificates;
mod emulator;
mod environments;
mod example;
mod http_client;
mod identities;
mod leaks;
mod log;
mod outages;
mod over_tls;
mod proxies;
mod proxy;
mod requests;
mod single_flight;
mod storm;
mod support;
mod tinyproxy;
