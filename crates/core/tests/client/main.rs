//! The client driven in memory, with a clock that jumps.

mod assertions;
mod clock;
mod drive;
mod flights;
mod resilience;
