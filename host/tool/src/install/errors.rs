//! Turns errors of calls and of configurations into errors of an installation.

use crate::approve::finding::Finding;
use genie_core::cni::CniError;

/// A CNI error in its words.
pub(super) fn said(error: CniError) -> anyhow::Error {
    anyhow::Error::msg(Finding::from(error).what)
}

/// All findings in one error.
pub(super) fn all(findings: impl Iterator<Item = Finding>) -> anyhow::Error {
    anyhow::Error::msg(findings.map(|finding| finding.what).collect::<Vec<_>>().join("; "))
}
