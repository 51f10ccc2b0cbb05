//! The dense block of a row: a unit vector of the text, scaled, beside its sparse features.
