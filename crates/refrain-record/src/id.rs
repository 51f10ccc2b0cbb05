//! Ids as types, so that an order id cannot be passed for a conversation id.

use crate::{Field, Kind, Value};

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Box<str>>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Field for $name {
            const KIND: Kind = Kind::$kind;
            fn value(&self) -> Value<'_> {
                Value::Text(&self.0)
            }
            fn from_value(value: Value<'_>) -> Result<Self, &'static str> {
                match value {
                    Value::Text(v) => Ok(Self(v.into())),
                    _ => Err("an id"),
                }
            }
        }
    )+};
}

ids! {
    /// A shop of the config.
    ShopId: Label;
    /// A source system inside a shop, as named in the config.
    SourceId: Label;
    /// A conversation, unique inside its shop and source.
    ConversationId: Text;
    /// A message, unique inside its conversation.
    MessageId: Text;
    /// Keyed HMAC of a customer as one source knows them; never changes.
    CustomerKey: Text;
    /// The person behind one or more customer keys of a shop.
    PersonKey: Text;
    /// Keyed HMAC of an agent, bot or customer who wrote or acted.
    AuthorKey: Text;
    /// An order, unique inside its shop and source.
    OrderId: Text;
    /// A checkout (cart), unique inside its shop and source.
    CheckoutId: Text;
    /// A return, unique inside its shop and source.
    ReturnId: Text;
    /// A campaign, unique inside its shop and source.
    CampaignId: Label;
    /// A stock-keeping unit.
    Sku: Label;
    /// A tag path such as `shipping/delay`.
    TagPath: Label;
    /// A recurring issue; lives for ever.
    IssueId: Label;
    /// An FAQ entry of a source.
    FaqId: Label;
}
