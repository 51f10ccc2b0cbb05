//! One raw row to a typed one, whatever its format and feed.

use std::borrow::Cow;

use refrain_record::tables::{
    Campaign, CampaignEvent, Checkout, ConversationEvent, FaqEntry, HelpSearch, OrderLine, Rating, Return, Send,
};
use refrain_record::{AuthorRole, Feed, RejectCause};

use crate::columns::{Column, Layout, Picked};
use crate::delimited::split_record;
use crate::feeds::{ConversationHeader, Place};
use crate::fields::{Bad, Fields};
use crate::identity::Customer;
use crate::scrub::Scrubber;
use crate::source::RawRow;
use crate::source::commerce::{self, Named, OrderRow};
use crate::source::transcript::{self, ParsedConversation, RawTurn};
use crate::spec::Source;
use crate::{IdentityKey, RawCell};

/// The columns of a table's header.
pub(crate) struct Tables {
    pub(crate) layout: Layout,
    /// The same header seen as messages, for tables of conversations with one text each.
    pub(crate) turns: Option<Layout>,
    pub(crate) width: usize,
}

/// A message in a row of its own; its text is still raw and is redacted with the rest of its conversation.
pub(crate) struct MessageRow {
    /// `None` where the row is its own conversation.
    pub(crate) conversation: Option<String>,
    pub(crate) turn: RawTurn,
    pub(crate) subject: Option<String>,
    pub(crate) header: ConversationHeader,
    pub(crate) customer: Option<Customer>,
    /// Stands in for an id where nothing else does.
    pub(crate) content_id: String,
}

/// A typed row.
pub(crate) enum Parsed {
    Conversation(Box<ParsedConversation>),
    Message(Box<MessageRow>),
    Event(ConversationEvent),
    Rating(Rating),
    Order(Box<OrderRow>),
    OrderLine(OrderLine),
    Checkout(Named<Checkout>),
    Return(Named<Return>),
    Campaign(Campaign),
    Send(Named<Send>),
    CampaignEvent(Named<CampaignEvent>),
    FaqEntry(FaqEntry),
    HelpSearch(Named<HelpSearch>),
}

/// Reads one row; the error is its reject.
pub(crate) fn parse_row(
    source: &Source,
    key: &IdentityKey,
    tables: Option<&Tables>,
    file: u32,
    line: u64,
    row: RawRow,
) -> Result<Parsed, Bad> {
    let place = Place {
        feed: source.feed,
        file,
        line,
        units: 1,
    };
    match row {
        RawRow::Json(bytes) => {
            let cell = parse_json(&bytes)?;
            let RawCell::Struct(values) = &cell else {
                return Err(Bad::new(RejectCause::InvalidJson, "expected an object"));
            };
            let fields = Fields {
                picked: source.plan.pick(values),
                source,
                key,
            };
            parse_feed(
                &fields,
                || source.turn_plan.pick(values),
                || bytes.clone(),
                has_line_columns(None),
                place,
            )
        }
        RawRow::Csv(bytes) => {
            let Some(tables) = tables else {
                return Err(Bad::new(RejectCause::InvalidCsv, "no header"));
            };
            let texts = split_record(&bytes, source.delimiter)
                .ok_or_else(|| Bad::new(RejectCause::InvalidUtf8, "the row is no UTF-8"))?;
            if texts.len() != tables.width {
                let detail = format!("{} fields, the header has {}", texts.len(), tables.width);
                return Err(Bad::new(RejectCause::InvalidCsv, detail));
            }
            let cells: Vec<RawCell> = texts.into_iter().map(RawCell::Text).collect();
            parse_cells(source, key, tables, &cells, || bytes.clone(), place)
        }
        RawRow::Cells(cells) => {
            let Some(tables) = tables else {
                return Err(Bad::new(RejectCause::InvalidCsv, "no header"));
            };
            parse_cells(source, key, tables, &cells, || format!("{cells:?}").into_bytes(), place)
        }
    }
}

fn parse_json(bytes: &[u8]) -> Result<RawCell, Bad> {
    let text = std::str::from_utf8(bytes).map_err(|_| Bad::new(RejectCause::InvalidUtf8, "the line is no UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        let detail = match error.classify() {
            serde_json::error::Category::Eof => "the line ends inside a value",
            _ => "the line is no JSON",
        };
        Bad::new(RejectCause::InvalidJson, detail)
    })
}

fn parse_cells(
    source: &Source,
    key: &IdentityKey,
    tables: &Tables,
    cells: &[RawCell],
    content: impl FnOnce() -> Vec<u8>,
    place: Place,
) -> Result<Parsed, Bad> {
    let fields = Fields {
        picked: tables.layout.pick(cells),
        source,
        key,
    };
    let turn = || tables.turns.as_ref().unwrap_or(&tables.layout).pick(cells);
    parse_feed(&fields, turn, content, has_line_columns(Some(&tables.layout)), place)
}

/// Whether the rows of an order export may carry lines; JSON objects always may.
fn has_line_columns(layout: Option<&Layout>) -> bool {
    let columns = [
        Column::LineNo,
        Column::Sku,
        Column::Title,
        Column::Quantity,
        Column::UnitPrice,
    ];
    layout.is_none_or(|layout| columns.iter().any(|column| layout.has(*column)))
}

fn parse_feed<'a>(
    fields: &Fields<'a>,
    turn: impl FnOnce() -> Picked<'a>,
    content: impl FnOnce() -> Vec<u8>,
    has_lines: bool,
    place: Place,
) -> Result<Parsed, Bad> {
    Ok(match fields.source.feed {
        Feed::Conversations => Parsed::Conversation(Box::new(transcript::parse_conversation(
            fields,
            turn(),
            content,
            place,
        )?)),
        Feed::Messages => Parsed::Message(Box::new(parse_message(fields, content)?)),
        Feed::ConversationEvents => {
            let conversation = fields.need_id(Column::ConversationId)?;
            let event = transcript::read_event(fields, &conversation)?;
            Parsed::Event(event.ok_or_else(|| Bad::invalid(Column::Kind, "a kind of event such as `closed`"))?)
        }
        Feed::Ratings => {
            let conversation = fields.need_id(Column::ConversationId)?;
            Parsed::Rating(transcript::read_rating(
                fields,
                &conversation,
                &mut Scrubber::default(),
            )?)
        }
        Feed::Orders => Parsed::Order(Box::new(commerce::parse_order_row(fields, has_lines)?)),
        Feed::OrderLines => Parsed::OrderLine(commerce::parse_order_line(fields)?),
        Feed::Checkouts => Parsed::Checkout(commerce::parse_checkout(fields)?),
        Feed::Returns => Parsed::Return(commerce::parse_return(fields)?),
        Feed::Campaigns => Parsed::Campaign(commerce::parse_campaign(fields)?),
        Feed::Sends => Parsed::Send(commerce::parse_send(fields)?),
        Feed::CampaignEvents => Parsed::CampaignEvent(commerce::parse_campaign_event(fields)?),
        Feed::FaqEntries => Parsed::FaqEntry(commerce::parse_faq_entry(fields)?),
        Feed::HelpSearches => Parsed::HelpSearch(commerce::parse_help_search(fields, content)?),
    })
}

fn parse_message(fields: &Fields<'_>, content: impl FnOnce() -> Vec<u8>) -> Result<MessageRow, Bad> {
    let source = fields.source;
    let turn = transcript::read_turn(fields, None)?;
    if turn.sent_at.is_none() && source.default_date.is_none() {
        return Err(Bad::new(
            RejectCause::NoTime,
            "`sent_at` is empty, and the source has no `default_date`",
        ));
    }
    let mut header = ConversationHeader::new(transcript::read_channel(fields));
    header.default_date = source.default_date;
    header.source_tags = transcript::names(fields.cell(Column::Tags));
    header.order_ids = transcript::names(fields.cell(Column::OrderId));
    // Where one column names the author of every row, only the customer's rows name the customer.
    let is_author =
        fields.cell(Column::CustomerId).is_some() && fields.id(Column::CustomerId) == fields.id(Column::AuthorId);
    let customer = if is_author && turn.role != AuthorRole::Customer {
        None
    } else {
        fields.customer()
    };
    header.customer_key = customer.as_ref().map(|customer| customer.key.clone());
    let conversation_mapped =
        fields.cell(Column::ConversationId).is_some() || source.mapping.contains_key("conversation_id");
    let conversation = if conversation_mapped {
        Some(fields.need_id(Column::ConversationId)?.into_owned())
    } else {
        fields.id(Column::MessageId).map(Cow::into_owned)
    };
    let content_id = match conversation {
        Some(_) => String::new(),
        None => fields.key.content_id(&[b"message", &content()]),
    };
    Ok(MessageRow {
        conversation,
        turn,
        subject: fields.text(Column::Subject),
        header,
        customer,
        content_id,
    })
}
