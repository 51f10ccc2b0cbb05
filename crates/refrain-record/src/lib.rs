//! Plain row types that cross the stages of refrain: no I/O, no Arrow, no matrices.
//!
//! Each table of the lake is one struct here, and the doc comment of each field is the column's
//! documentation: rustdoc, the Arrow field metadata and `refrain schema` all read that one text.
//!
//! ```
//! use refrain_record::{Row, tables::Reject};
//! let columns = Reject::columns();
//! assert_eq!(columns[0].name, "shop_id");
//! assert!(columns.iter().all(|c| !c.doc.is_empty()));
//! ```

mod choice;
mod field;
mod id;
mod money;
mod row;
pub mod tables;
mod text;
mod time;

pub use choice::*;
pub use field::{Field, FieldError, Kind, Label, Value};
pub use id::*;
pub use money::Amount;
pub use row::{Column, Partition, Row, TableMeta};
pub use text::{ConversationText, Turn};
pub use time::{Date, ParseDateError, SECOND_US, Timestamp};
