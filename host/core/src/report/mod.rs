//! What a call leaves for the agent: what it did and how long that took ([`timings`]), the pods
//! that were refused ([`spool`]), which annotations may be published ([`publishable`]), and the one that
//! tells the pod's networks ([`network_status`]). Telling the agent neither fails nor delays a call.

pub mod network_status;
pub mod publishable;
pub mod spool;
pub mod timings;
