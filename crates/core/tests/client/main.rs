//! The client driven in memory, with a clock that jumps.

mod assertions;
mod clock;
mod discovery;
mod drive;
mod flights;
mod fresh;
mod grants;
mod identity;
mod resilience;
mod table;
