//! Conformance of both kinds.
