//! One shop's commerce files: orders, lines, checkouts, returns, campaigns, sends, reactions, help centre.

use std::path::Path;

use refrain_record::ReturnKind;

use crate::SeasonError;
use crate::calendar::Calendar;
use crate::campaign::{Campaign, TYPES};
use crate::catalogue::{CARRIERS, PAYMENTS};
use crate::config::ShopConfig;
use crate::file::{CsvRow, Out};
use crate::grammar::Grammar;
use crate::help::{Search, write_faq};
use crate::life::{Life, Order};
use crate::person::Person;

/// The commerce files of one shop.
pub(crate) struct ShopFiles {
    orders: Out,
    lines: Out,
    checkouts: Out,
    returns: Out,
    sends: Out,
    reactions: Out,
    searches: Out,
    /// Real recipients by campaign.
    recipients: Vec<u64>,
    prefix: String,
    currency: String,
}

/// Rows written and their size before compression.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ShopCounts {
    pub(crate) orders: u64,
    pub(crate) order_lines: u64,
    pub(crate) checkouts: u64,
    pub(crate) returns: u64,
    pub(crate) sends: u64,
    pub(crate) campaign_events: u64,
    pub(crate) help_searches: u64,
    pub(crate) num_bytes: u64,
}

impl ShopFiles {
    pub(crate) fn create(folder: &Path, shop: &ShopConfig, num_campaigns: usize) -> Result<Self, SeasonError> {
        let file = |name: &str, header: &[&str]| Out::create_csv(folder.join(name), header);
        Ok(Self {
            orders: file(
                "orders.csv.zst",
                &[
                    "order_id",
                    "ordered_at",
                    "updated_at",
                    "customer_id",
                    "email",
                    "phone",
                    "total",
                    "shipping",
                    "discount",
                    "currency",
                    "discount_code",
                    "sales_channel",
                    "carrier",
                    "payment_method",
                    "country",
                    "campaign_id",
                    "shipped_at",
                    "delivered_at",
                    "cancelled_at",
                    "is_test",
                ],
            )?,
            lines: file(
                "order_lines.csv.zst",
                &[
                    "order_id",
                    "line_no",
                    "sku",
                    "title",
                    "category",
                    "quantity",
                    "unit_price",
                    "currency",
                ],
            )?,
            checkouts: file(
                "checkouts.csv.zst",
                &[
                    "checkout_id",
                    "created_at",
                    "updated_at",
                    "customer_id",
                    "email",
                    "phone",
                    "value",
                    "currency",
                    "completed_at",
                    "order_id",
                    "step",
                ],
            )?,
            returns: file(
                "returns.csv",
                &[
                    "return_id",
                    "opened_at",
                    "order_id",
                    "customer_id",
                    "email",
                    "kind",
                    "reason",
                    "sku",
                    "refund",
                    "currency",
                ],
            )?,
            sends: file(
                "sends.csv.zst",
                &["campaign_id", "send_id", "sent_at", "email", "phone", "is_holdout"],
            )?,
            reactions: file(
                "campaign_events.csv.zst",
                &["campaign_id", "at", "email", "phone", "kind"],
            )?,
            searches: file(
                "help_searches.csv",
                &[
                    "search_id",
                    "at",
                    "email",
                    "query",
                    "num_results",
                    "clicked_faq_id",
                    "language",
                ],
            )?,
            recipients: vec![0; num_campaigns],
            prefix: shop.id.to_uppercase(),
            currency: shop.currency.clone(),
        })
    }

    /// Id of the n-th order of the shop.
    pub(crate) fn order_id(&self, number: u64) -> String {
        format!("{}{}", self.prefix, 1_000_000 + number)
    }

    /// Number the next order will have.
    pub(crate) fn next_order(&self) -> u64 {
        self.orders.num_rows
    }

    /// Writes what a person did, contacts aside.
    pub(crate) fn write(
        &mut self,
        person: &Person,
        life: &Life,
        campaigns: &[Campaign],
        calendar: &Calendar,
    ) -> Result<(), SeasonError> {
        let first = self.next_order();
        for order in &life.orders {
            self.write_order(person, order, campaigns, calendar)?;
        }
        for checkout in &life.checkouts {
            let id = format!("K{}", 5_000_000 + self.checkouts.num_rows);
            let order_id = checkout.order.map(|at| self.order_id(first + at as u64));
            let row = CsvRow::new()
                .add(&id)
                .add(&calendar.rfc3339(checkout.created))
                .add(&calendar.rfc3339(checkout.updated));
            let row = shop_identity(row, person)
                .money(checkout.value_cents)
                .add(&self.currency);
            let row = row.add(&checkout.completed.map(|at| calendar.rfc3339(at)).unwrap_or_default());
            self.checkouts.row(&row.maybe(order_id.as_deref()).add(checkout.step))?;
        }
        for returned in &life.returns {
            let id = format!("R{}", 300_000 + self.returns.num_rows);
            let kind = match returned.kind {
                ReturnKind::Return => "return",
                ReturnKind::RefundOnly => "refund_only",
                ReturnKind::Cancel => "cancel",
            };
            let row = CsvRow::new()
                .add(&id)
                .add(&calendar.rfc3339(returned.opened))
                .add(&self.order_id(first + returned.order as u64));
            let row = row
                .maybe(person.shop_id.as_deref())
                .add(&person.email)
                .add(kind)
                .add(returned.reason);
            let row = row
                .maybe(returned.item.map(|i| i.sku()).as_deref())
                .money(returned.refund_cents)
                .add(&self.currency);
            self.returns.row(&row)?;
        }
        self.write_campaign_rows(person, life, campaigns, calendar)
    }

    fn write_order(
        &mut self,
        person: &Person,
        order: &Order,
        campaigns: &[Campaign],
        calendar: &Calendar,
    ) -> Result<(), SeasonError> {
        let id = self.order_id(self.next_order());
        let time = |at: Option<i64>| at.map(|at| calendar.rfc3339(at)).unwrap_or_default();
        let campaign = order.campaign.and_then(|at| campaigns.get(at));
        let updated = [order.shipped, order.delivered, order.cancelled]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(order.at);
        let row = CsvRow::new()
            .add(&id)
            .add(&calendar.rfc3339(order.at))
            .add(&calendar.rfc3339(updated));
        let row = shop_identity(row, person)
            .money(order.total_cents)
            .money(order.shipping_cents)
            .money(order.discount_cents)
            .add(&self.currency);
        let row = row
            .maybe(campaign.and_then(|c| c.code.as_deref()))
            .add(if order.at % 5 == 0 { "app" } else { "web" });
        let row = row
            .add(CARRIERS[order.carrier].0)
            .add(PAYMENTS[order.payment].0)
            .add(person.country);
        let row = row
            .maybe(campaign.map(|c| c.id.as_str()))
            .add(&time(order.shipped))
            .add(&time(order.delivered));
        self.orders.row(
            &row.add(&time(order.cancelled))
                .add(if order.is_test { "true" } else { "false" }),
        )?;
        for ((item, count), line_no) in order.items.iter().zip(1..) {
            let title = format!("{} {}", item.category(), item.sku());
            let row = CsvRow::new()
                .add(&id)
                .add(&i32::to_string(&line_no))
                .add(&item.sku())
                .add(&title)
                .add(item.category());
            self.lines.row(
                &row.add(&count.to_string())
                    .money(item.price_cents())
                    .add(&self.currency),
            )?;
        }
        Ok(())
    }

    fn write_campaign_rows(
        &mut self,
        person: &Person,
        life: &Life,
        campaigns: &[Campaign],
        calendar: &Calendar,
    ) -> Result<(), SeasonError> {
        let address = |row: CsvRow, campaign: &Campaign| match campaign.channel {
            "email" => row.add(&person.email).add(""),
            _ => row.add("").maybe(person.phone.as_deref()),
        };
        for send in &life.sends {
            let campaign = &campaigns[send.campaign];
            self.recipients[send.campaign] += u64::from(!send.is_holdout);
            let id = format!("s{}", self.sends.num_rows);
            let row = address(
                CsvRow::new().add(&campaign.id).add(&id).add(&calendar.rfc3339(send.at)),
                campaign,
            );
            self.sends
                .row(&row.add(if send.is_holdout { "true" } else { "false" }))?;
        }
        for reaction in &life.reactions {
            let campaign = &campaigns[reaction.campaign];
            let row = address(
                CsvRow::new().add(&campaign.id).add(&calendar.rfc3339(reaction.at)),
                campaign,
            );
            self.reactions.row(&row.add(reaction.kind))?;
        }
        Ok(())
    }

    /// A search of the help centre before a contact.
    pub(crate) fn write_search(&mut self, search: &Search<'_>, calendar: &Calendar) -> Result<(), SeasonError> {
        let id = format!("q{}", self.searches.num_rows);
        let results = search.num_results.to_string();
        let row = CsvRow::new()
            .add(&id)
            .add(&calendar.rfc3339(search.at))
            .maybe(search.email)
            .add(search.query)
            .add(&results);
        self.searches.row(&row.maybe(search.clicked).add(search.language))
    }

    /// Writes the campaigns, closes the files, and says what they hold.
    pub(crate) fn finish(
        self,
        folder: &Path,
        campaigns: &[Campaign],
        grammar: &Grammar,
        calendar: &Calendar,
    ) -> Result<ShopCounts, SeasonError> {
        let header = [
            "campaign_id",
            "name",
            "campaign_type",
            "channel",
            "code",
            "url",
            "starts_at",
            "ends_at",
            "recipients",
        ];
        let mut file = Out::create_csv(folder.join("campaigns.csv"), &header)?;
        for (campaign, recipients) in campaigns.iter().zip(&self.recipients) {
            let kind = TYPES[campaign.kind].name;
            let name = format!("{} {}", kind.replace('_', " "), calendar.date(campaign.starts_at));
            let url = format!("https://shop.example/{kind}/{}", campaign.id);
            let recipients = if campaign.is_planned {
                String::new()
            } else {
                recipients.to_string()
            };
            let row = CsvRow::new()
                .add(&campaign.id)
                .add(&name)
                .add(kind)
                .add(campaign.channel)
                .maybe(campaign.code.as_deref())
                .add(&url);
            file.row(
                &row.add(&calendar.rfc3339(campaign.starts_at))
                    .add(&calendar.rfc3339(campaign.ends_at))
                    .add(&recipients),
            )?;
        }
        file.finish()?;
        write_faq(folder, grammar, calendar)?;
        let all = [
            &self.orders,
            &self.lines,
            &self.checkouts,
            &self.returns,
            &self.sends,
            &self.reactions,
            &self.searches,
        ];
        let counts = ShopCounts {
            orders: self.orders.num_rows,
            order_lines: self.lines.num_rows,
            checkouts: self.checkouts.num_rows,
            returns: self.returns.num_rows,
            sends: self.sends.num_rows,
            campaign_events: self.reactions.num_rows,
            help_searches: self.searches.num_rows,
            num_bytes: all.iter().map(|out| out.num_bytes).sum(),
        };
        for out in [
            self.orders,
            self.lines,
            self.checkouts,
            self.returns,
            self.sends,
            self.reactions,
            self.searches,
        ] {
            out.finish()?;
        }
        Ok(counts)
    }
}

fn shop_identity(row: CsvRow, person: &Person) -> CsvRow {
    let phone = if person.phone_in_shop {
        person.phone.as_deref()
    } else {
        None
    };
    row.maybe(person.shop_id.as_deref()).add(&person.email).maybe(phone)
}
