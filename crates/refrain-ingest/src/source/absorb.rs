//! Takes typed rows into [`Feeds`] in the file's order, counts what falls away, and redacts what waited for its
//! conversation.

use rayon::prelude::*;
use refrain_record::tables::{Order, OrderLine, Reject};
use refrain_record::{Date, OrderId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Feeds;
use crate::feeds::{Fed, OrderWithLines, Place};
use crate::fields::Bad;
use crate::identity::Customer;
use crate::shop::local_date;
use crate::source::commerce::{Named, OrderRow};
use crate::source::parse::{MessageRow, Parsed};
use crate::source::transcript::{ParsedConversation, made_message_id};
use crate::spec::Source;

/// Texts of one conversation that wait for redaction.
#[derive(Default)]
struct Waiting {
    subject: Option<String>,
    /// Places in the conversation's messages.
    messages: FxHashSet<usize>,
}

/// Rows of one order that follow one another.
struct OrderBlock {
    order: Order,
    lines: Vec<OrderLine>,
    line_rows: Vec<(OrderLine, Option<Order>)>,
    place: Place,
}

/// The place of one input's rows.
pub(crate) struct Absorber<'a> {
    source: &'a Source,
    file: u32,
    number: u32,
    out: &'a mut Feeds,
    block: Option<OrderBlock>,
    /// Order and count of the run of line rows being read.
    run: Option<(OrderId, i64)>,
    waiting: FxHashMap<usize, Waiting>,
}

impl<'a> Absorber<'a> {
    pub(crate) fn new(source: &'a Source, file: u32, out: &'a mut Feeds) -> Self {
        let number = out.source_number(&source.shop, &source.name);
        Self {
            source,
            file,
            number,
            out,
            block: None,
            run: None,
            waiting: FxHashMap::default(),
        }
    }

    pub(crate) fn take(&mut self, line: u64, row: Result<Parsed, Bad>) {
        self.count(|account| account.read += 1);
        let place = Place {
            feed: self.source.feed,
            file: self.file,
            line,
            units: 1,
        };
        let lost = match row {
            Ok(row) => self.put(place, row),
            Err(bad) => {
                self.reject(line, bad);
                0
            }
        };
        self.lose(lost);
    }

    /// Ends the input: the last order is taken and every text redacted.
    pub(crate) fn finish(&mut self) {
        let lost = self.close_block();
        self.lose(lost);
        self.scrub_waiting();
    }

    pub(crate) fn reject_file(&mut self, reject: Reject) {
        let file = self.out.files.get(self.file as usize).cloned().unwrap_or_default();
        self.out.rejects.push(Reject { file, ..reject });
    }

    fn reject(&mut self, line: u64, bad: Bad) {
        self.count(|account| account.rejected += 1);
        self.reject_file(Reject {
            shop_id: self.source.shop.clone(),
            source: self.source.name.clone(),
            feed: self.source.feed,
            file: refrain_record::Label::default(),
            line: i64::try_from(line).unwrap_or(i64::MAX),
            cause: bad.cause,
            detail: bad.detail,
        });
    }

    fn lose(&mut self, units: u32) {
        self.count(|account| account.duplicates += u64::from(units));
    }

    fn count(&mut self, change: impl FnOnce(&mut crate::SourceAccount)) {
        change(self.out.account(&self.source.shop, &self.source.name, self.source.feed));
    }

    fn see(&mut self, customer: Option<&Customer>, date: Option<Date>) {
        if let Some(customer) = customer {
            self.out.see(&self.source.shop, &self.source.name, customer, date);
        }
    }

    /// Returns the units that fall away.
    fn put(&mut self, place: Place, row: Parsed) -> u32 {
        let number = self.number;
        macro_rules! named {
            ($named:expr, $put:ident) => {{
                let Named { row, customer } = $named;
                self.see(customer.as_ref(), Some(row.date));
                self.out.$put(number, Fed { row, place })
            }};
        }
        match row {
            Parsed::Conversation(parsed) => self.put_conversation(*parsed),
            Parsed::Message(row) => self.put_message(place, *row),
            Parsed::Event(row) => {
                let conversation = self.out.conversation(number, row.conversation_id.as_str());
                self.out.conversations[conversation].put_event(Fed { row, place })
            }
            Parsed::Rating(row) => {
                let conversation = self.out.conversation(number, row.conversation_id.as_str());
                self.out.conversations[conversation].put_rating(Fed { row, place })
            }
            Parsed::Order(row) => self.put_order_row(place, *row),
            Parsed::OrderLine(row) => self.put_line(place, row),
            Parsed::Checkout(row) => named!(row, put_checkout),
            Parsed::Return(row) => named!(row, put_return),
            Parsed::Campaign(row) => self.out.put_campaign(number, Fed { row, place }),
            Parsed::Send(row) => named!(row, put_send),
            Parsed::CampaignEvent(row) => named!(row, put_campaign_event),
            Parsed::FaqEntry(row) => self.out.put_faq_entry(number, Fed { row, place }),
            Parsed::HelpSearch(row) => named!(row, put_help_search),
        }
    }

    fn put_conversation(&mut self, parsed: ParsedConversation) -> u32 {
        let ParsedConversation {
            id,
            customer,
            mut fresh,
        } = parsed;
        let header = &mut fresh.header.row;
        header.customer_key = customer.as_ref().map(|customer| customer.key.clone());
        let first = fresh
            .messages
            .iter()
            .filter_map(|message| message.row.sent_at)
            .min()
            .or(header.started_at);
        let date = first
            .map(|at| local_date(&self.source.shop_zone, at))
            .or(header.default_date);
        self.see(customer.as_ref(), date);
        self.out.put_conversation(self.number, &id, fresh)
    }

    fn put_message(&mut self, place: Place, row: MessageRow) -> u32 {
        let date = row
            .turn
            .sent_at
            .map(|at| local_date(&self.source.shop_zone, at))
            .or(self.source.default_date);
        self.see(row.customer.as_ref(), date);
        let id = row.conversation.unwrap_or(row.content_id);
        let place_in_feeds = self.out.conversation(self.number, &id);
        let conversation = &mut self.out.conversations[place_in_feeds];
        let waiting = self.waiting.entry(place_in_feeds).or_default();
        match &mut conversation.implied {
            Some(implied) => implied.fill_from(&row.header),
            None => conversation.implied = Some(row.header),
        }
        if waiting.subject.is_none()
            && conversation
                .implied
                .as_ref()
                .is_some_and(|implied| implied.subject.is_none())
        {
            waiting.subject = row.subject;
        }
        let count = conversation.messages.len();
        let message_id = row.turn.id.clone().unwrap_or_else(|| made_message_id(&row.turn, count));
        let message = crate::feeds::FedMessage {
            message_id: message_id.into(),
            sent_at: row.turn.sent_at,
            author_role: row.turn.role,
            author_key: row.turn.author_key,
            visibility: row.turn.visibility,
            text: row.turn.text,
        };
        let own_id = row.turn.id.is_some();
        let (lost, at) = conversation.put_raw_message(Fed { row: message, place }, own_id);
        if let Some(at) = at {
            waiting.messages.insert(at);
        }
        lost
    }

    fn put_line(&mut self, place: Place, mut row: OrderLine) -> u32 {
        if row.line_no == 0 {
            let count = match self.run.take() {
                Some((order_id, count)) if order_id == row.order_id => count + 1,
                _ => 1,
            };
            self.run = Some((row.order_id.clone(), count));
            row.line_no = count;
        }
        self.out.put_order_line(self.number, Fed { row, place })
    }

    /// Rows of one order that follow one another are its lines; the first that carries the order names its values.
    fn put_order_row(&mut self, place: Place, row: OrderRow) -> u32 {
        let continues = self
            .block
            .as_ref()
            .is_some_and(|block| block.order.order_id == row.order_id);
        if !continues {
            let lost = self.close_block();
            match row.order {
                Ok(Named { row: order, customer }) => {
                    self.see(customer.as_ref(), Some(order.date));
                    let mut block = OrderBlock {
                        order,
                        lines: Vec::new(),
                        line_rows: Vec::new(),
                        place,
                    };
                    if let Some(line) = row.line {
                        let head = Some(block.order.clone());
                        block.add_line(line, head);
                    }
                    self.block = Some(block);
                }
                Err(bad) => self.reject(place.line, bad),
            }
            return lost;
        }
        let Some(block) = &mut self.block else {
            return 0;
        };
        let (order, customer) = match row.order {
            Ok(Named { row, customer }) => (Some(row), customer),
            Err(bad) if bad.cause == refrain_record::RejectCause::NoTime && row.line.is_some() => (None, None),
            Err(bad) => {
                self.reject(place.line, bad);
                return 0;
            }
        };
        let is_new_line = row.line.is_some_and(|line| block.add_line(line, order.clone()));
        // Otherwise the row repeats one of the block, or is the whole order once more.
        let lost = u32::from(!is_new_line);
        block.place.units += u32::from(is_new_line);
        if let Some(order) = order {
            let older = matches!((order.updated_at, block.order.updated_at), (Some(new), Some(held)) if new < held);
            let date = order.date;
            if !older {
                block.order = order;
            }
            self.see(customer.as_ref(), Some(date));
        }
        lost
    }

    fn close_block(&mut self) -> u32 {
        let Some(block) = self.block.take() else {
            return 0;
        };
        let lines = block
            .lines
            .into_iter()
            .map(|line| OrderLine {
                date: block.order.date,
                ..line
            })
            .collect();
        let row = OrderWithLines {
            order: block.order,
            lines,
        };
        self.out.put_order(
            self.number,
            Fed {
                row,
                place: block.place,
            },
        )
    }

    /// Redacts what this input brought, each conversation with one set of placeholders.
    fn scrub_waiting(&mut self) {
        let mut waiting: Vec<(usize, Waiting)> = self.waiting.drain().collect();
        waiting.sort_unstable_by_key(|(place, _)| *place);
        let source = self.source;
        let taken: Vec<_> = waiting
            .into_iter()
            .map(|(place, Waiting { subject, messages })| {
                let mut messages: Vec<usize> = messages.into_iter().collect();
                messages.sort_unstable();
                let conversation = &mut self.out.conversations[place];
                let texts: Vec<String> = messages
                    .iter()
                    .map(|at| std::mem::take(&mut conversation.messages[*at].row.text))
                    .collect();
                (place, subject, messages, texts, conversation.take_scrubber())
            })
            .collect();
        let scrubbed: Vec<_> = taken
            .into_par_iter()
            .map(|(place, subject, messages, texts, mut scrubber)| {
                texts.iter().for_each(|text| scrubber.reserve(text));
                let subject = subject.map(|subject| scrubber.scrub_line(&subject));
                let texts: Vec<String> = texts.iter().map(|text| scrubber.scrub_message(source, text)).collect();
                (place, subject, messages, texts, scrubber)
            })
            .collect();
        for (place, subject, messages, texts, scrubber) in scrubbed {
            let conversation = &mut self.out.conversations[place];
            for (at, text) in messages.into_iter().zip(texts) {
                conversation.messages[at].row.text = text;
            }
            if let (Some(implied), Some(subject)) = (&mut conversation.implied, subject) {
                implied.subject.get_or_insert(subject);
            }
            conversation.keep_scrubber(scrubber);
        }
    }
}

impl OrderBlock {
    /// Adds a line; false when it repeats one of the block.
    ///
    /// Without line numbers a row is a repeat only if it carries the order and equals an earlier row wholly: rows that
    /// carry nothing but a line may be two equal lines.
    fn add_line(&mut self, line: OrderLine, order: Option<Order>) -> bool {
        if line.line_no > 0 {
            if let Some(held) = self.lines.iter_mut().find(|held| held.line_no == line.line_no) {
                *held = line;
                return false;
            }
            self.lines.push(line);
            return true;
        }
        let row = (line, order);
        if row.1.is_some() && self.line_rows.contains(&row) {
            return false;
        }
        let line_no = i64::try_from(self.lines.len()).map_or(i64::MAX, |count| count + 1);
        self.lines.push(OrderLine {
            line_no,
            ..row.0.clone()
        });
        self.line_rows.push(row);
        true
    }
}
