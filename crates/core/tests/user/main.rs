//! ADAL's flows driven in memory: what is asked, and what becomes of the answers.

#![cfg(feature = "user-flows")]

mod drive;
mod federation;
mod grants;
