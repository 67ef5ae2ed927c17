//! What a call leaves for the agent: what it did and how long that took ([`timings`]), pods
//! that were refused ([`spool`]), and which annotations may be published at all
//! ([`publishable`]). None of it fails or delays a call.

pub mod publishable;
pub mod spool;
pub mod timings;
