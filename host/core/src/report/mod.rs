//! What a call leaves for the agent: what it did and how long that took ([`timings`]), the pods
//! that were refused ([`spool`]), and which annotations may be published ([`publishable`]). Telling
//! the agent neither fails nor delays a call.

pub mod publishable;
pub mod spool;
pub mod timings;
