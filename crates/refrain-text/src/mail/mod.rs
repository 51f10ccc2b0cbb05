//! What a customer wrote, out of what a mail program sent.

mod html;
mod reply;

pub use html::html_to_text;
pub use reply::strip_quoted_reply;
