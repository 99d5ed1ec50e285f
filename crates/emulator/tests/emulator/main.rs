//! The emulator from outside: the pure service with a clock that stands still, the server over TLS, the command.

extern crate alloc;

mod assertion_checks;
mod assertion_spellings;
mod claims_challenge;
mod command;
mod control;
mod device_code;
mod documents;
mod fault_replies;
mod fault_rules;
mod faults_over_sockets;
mod federated_users;
mod federation;
mod key_propagation;
mod managed_identity;
mod on_behalf_of;
mod over_tls;
mod password;
mod people;
mod readme;
mod refresh_and_code;
mod registrations;
mod request_checks;
mod strict_mode;
mod subject_name_issuer;
mod support;
mod tokens;
mod vault;
mod vault_definitions;
mod vectors;
