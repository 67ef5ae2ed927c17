//! The facts that a host may be unable to tell.

/// The groups of facts that a host may be unable to tell. Further groups may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Facts {
    /// The facts of [`crate::pod`].
    Pod,
    /// The facts of [`crate::cluster`].
    Cluster,
    /// The facts of [`crate::node`].
    Node,
}
