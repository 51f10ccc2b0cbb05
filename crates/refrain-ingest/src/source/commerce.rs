//! Rows of orders, checkouts, returns, campaigns and help, one function for each feed.

use std::borrow::Cow;

use refrain_record::tables::{Campaign, CampaignEvent, Checkout, FaqEntry, HelpSearch, Order, OrderLine, Return, Send};
use refrain_record::{Date, Label, OrderId, ReturnKind};

use crate::columns::Column;
use crate::fields::{Bad, Fields};
use crate::identity::Customer;
use crate::scrub::Scrubber;
use crate::words;

/// A typed row with the customer whom it names.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) row: T,
    pub(crate) customer: Option<Customer>,
}

/// A row of an order export: an order, a line of it, or both.
#[derive(Debug)]
pub(crate) struct OrderRow {
    pub(crate) order_id: OrderId,
    /// The order; `Err` on a row that carries only a line.
    pub(crate) order: Result<Named<Order>, Bad>,
    pub(crate) line: Option<OrderLine>,
}

fn currency(fields: &Fields<'_>) -> Label {
    fields
        .label(Column::Currency)
        .unwrap_or_else(|| fields.source.currency.clone())
}

pub(crate) fn parse_order_row(fields: &Fields<'_>, has_lines: bool) -> Result<OrderRow, Bad> {
    let order_id: OrderId = fields.need_id(Column::OrderId)?.into_owned().into();
    let line = if has_lines {
        parse_line(fields, &order_id)?
    } else {
        None
    };
    Ok(OrderRow {
        order: parse_order(fields, &order_id),
        line,
        order_id,
    })
}

fn parse_order(fields: &Fields<'_>, order_id: &OrderId) -> Result<Named<Order>, Bad> {
    let source = fields.source;
    let ordered_at = fields.need_time(Column::OrderedAt)?;
    let customer = fields.customer();
    let row = Order {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        order_id: order_id.clone(),
        date: fields.date(ordered_at),
        ordered_at,
        updated_at: fields.time(Column::UpdatedAt)?,
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        total: fields.money(Column::Total)?,
        shipping: fields.money(Column::Shipping)?,
        discount: fields.money(Column::Discount)?,
        currency: currency(fields),
        discount_code: fields.label(Column::DiscountCode),
        sales_channel: fields.label(Column::SalesChannel),
        carrier: fields.label(Column::Carrier),
        payment_method: fields.label(Column::PaymentMethod),
        country: fields.label(Column::Country),
        campaign_id: fields.id_as(Column::CampaignId),
        shipped_at: fields.time(Column::ShippedAt)?,
        delivered_at: fields.time(Column::DeliveredAt)?,
        cancelled_at: fields.time(Column::CancelledAt)?,
        is_test: fields.flag(Column::IsTest)?.unwrap_or(false),
    };
    Ok(Named { row, customer })
}

/// The line that a row carries; number 0 stands for one that its reader has to count.
fn parse_line(fields: &Fields<'_>, order_id: &OrderId) -> Result<Option<OrderLine>, Bad> {
    let carries = [
        Column::Sku,
        Column::Title,
        Column::Quantity,
        Column::UnitPrice,
        Column::LineNo,
    ];
    if carries.iter().all(|column| fields.id(*column).is_none()) {
        return Ok(None);
    }
    let line_no = fields.int(Column::LineNo)?;
    if line_no.is_some_and(|number| number < 1) {
        return Err(Bad::invalid(Column::LineNo, "a number from 1"));
    }
    Ok(Some(OrderLine {
        shop_id: fields.source.shop.clone(),
        source: fields.source.name.clone(),
        order_id: order_id.clone(),
        line_no: line_no.unwrap_or(0),
        date: Date::default(),
        sku: fields.id_as(Column::Sku),
        title: fields.text(Column::Title),
        category: fields.label(Column::Category),
        quantity: fields.int(Column::Quantity)?.unwrap_or(1),
        unit_price: fields.money(Column::UnitPrice)?,
        currency: currency(fields),
    }))
}

pub(crate) fn parse_order_line(fields: &Fields<'_>) -> Result<OrderLine, Bad> {
    let order_id = fields.need_id(Column::OrderId)?.into_owned().into();
    parse_line(fields, &order_id)?.ok_or_else(|| Bad::missing(Column::Sku))
}

pub(crate) fn parse_checkout(fields: &Fields<'_>) -> Result<Named<Checkout>, Bad> {
    let source = fields.source;
    let updated_at = fields.need_time(Column::UpdatedAt)?;
    let customer = fields.customer();
    let order_id: Option<OrderId> = fields.id_as(Column::OrderId);
    // A source that only says "not abandoned" means that it became an order by its last activity.
    let recovered = fields.flag(Column::IsAbandoned)? == Some(false) || order_id.is_some();
    let row = Checkout {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        checkout_id: fields.need_id(Column::CheckoutId)?.into_owned().into(),
        date: fields.date(updated_at),
        created_at: fields.time(Column::CreatedAt)?,
        updated_at,
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        value: fields.money(Column::Value)?,
        currency: currency(fields),
        completed_at: fields
            .time(Column::CompletedAt)?
            .or_else(|| recovered.then_some(updated_at)),
        order_id,
        step: fields.label(Column::Step),
        is_abandoned: None,
    };
    Ok(Named { row, customer })
}

pub(crate) fn parse_return(fields: &Fields<'_>) -> Result<Named<Return>, Bad> {
    let source = fields.source;
    let opened_at = fields.need_time(Column::OpenedAt)?;
    let customer = fields.customer();
    let kind = match fields.id(Column::Kind) {
        Some(word) => {
            words::return_kind(&word).ok_or_else(|| Bad::invalid(Column::Kind, "return, refund_only or cancel"))?
        }
        None => ReturnKind::Return,
    };
    let row = Return {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        return_id: fields.need_id(Column::ReturnId)?.into_owned().into(),
        date: fields.date(opened_at),
        opened_at,
        order_id: fields.id_as(Column::OrderId),
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        kind,
        reason: fields
            .label(Column::Reason)
            .map(|reason| Label(Scrubber::default().scrub_line(&reason.0))),
        sku: fields.id_as(Column::Sku),
        refund: fields.money(Column::Refund)?,
        currency: currency(fields),
    };
    Ok(Named { row, customer })
}

pub(crate) fn parse_campaign(fields: &Fields<'_>) -> Result<Campaign, Bad> {
    let campaign_id = fields.need_id(Column::CampaignId)?.into_owned();
    Ok(Campaign {
        shop_id: fields.source.shop.clone(),
        source: fields.source.name.clone(),
        name: fields.text(Column::Name).unwrap_or_else(|| campaign_id.clone()),
        campaign_id: campaign_id.into(),
        campaign_type: fields.label(Column::CampaignType),
        channel: fields.label(Column::Channel),
        code: fields.label(Column::Code),
        url: fields.text(Column::Url),
        starts_at: fields.time(Column::StartsAt)?,
        ends_at: fields.time(Column::EndsAt)?,
        is_planned: false,
        recipients: fields.int(Column::Recipients)?,
    })
}

pub(crate) fn parse_send(fields: &Fields<'_>) -> Result<Named<Send>, Bad> {
    let source = fields.source;
    let sent_at = fields.need_time(Column::SentAt)?;
    let customer = fields.customer();
    let made_id = || match &customer {
        Some(customer) => customer.key.to_string(),
        None => format!("t{}", sent_at.0),
    };
    let row = Send {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        campaign_id: fields.need_id(Column::CampaignId)?.into_owned().into(),
        send_id: fields.id(Column::SendId).map_or_else(made_id, Cow::into_owned),
        date: fields.date(sent_at),
        sent_at,
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        is_holdout: fields.flag(Column::IsHoldout)?.unwrap_or(false),
    };
    Ok(Named { row, customer })
}

pub(crate) fn parse_campaign_event(fields: &Fields<'_>) -> Result<Named<CampaignEvent>, Bad> {
    let source = fields.source;
    let at = fields.need_time(Column::At)?;
    let customer = fields.customer();
    let kind = words::campaign_event_kind(&fields.need_id(Column::Kind)?).ok_or_else(|| {
        Bad::invalid(
            Column::Kind,
            "delivered, opened, clicked, replied, ordered, bounced or unsubscribed",
        )
    })?;
    let made_id = || {
        let who = customer.as_ref().map_or("", |customer| customer.key.as_str());
        format!("{}-{}-{who}", kind.as_str(), at.0)
    };
    let row = CampaignEvent {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        campaign_id: fields.need_id(Column::CampaignId)?.into_owned().into(),
        event_id: fields.id(Column::EventId).map_or_else(made_id, Cow::into_owned),
        date: fields.date(at),
        at,
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        kind,
    };
    Ok(Named { row, customer })
}

pub(crate) fn parse_faq_entry(fields: &Fields<'_>) -> Result<FaqEntry, Bad> {
    let mut scrubber = Scrubber::default();
    let title = fields.text(Column::Title).ok_or_else(|| Bad::missing(Column::Title))?;
    let body = fields.text(Column::Body).unwrap_or_default();
    Ok(FaqEntry {
        shop_id: fields.source.shop.clone(),
        source: fields.source.name.clone(),
        faq_id: fields.need_id(Column::FaqId)?.into_owned().into(),
        title: scrubber.scrub_line(&title),
        body: scrubber.scrub_message(fields.source, &body),
        url: fields.text(Column::Url),
        language: fields.id(Column::Language).and_then(|text| words::language(&text)),
        owner: fields.label(Column::Owner),
        published_at: fields.time(Column::PublishedAt)?,
        updated_at: fields.time(Column::UpdatedAt)?,
    })
}

pub(crate) fn parse_help_search(
    fields: &Fields<'_>,
    content: impl FnOnce() -> Vec<u8>,
) -> Result<Named<HelpSearch>, Bad> {
    let source = fields.source;
    let at = fields.need_time(Column::At)?;
    let customer = fields.customer();
    let query = fields.text(Column::Query).ok_or_else(|| Bad::missing(Column::Query))?;
    let made_id = || fields.key.content_id(&[b"search", &content()]);
    let row = HelpSearch {
        shop_id: source.shop.clone(),
        source: source.name.clone(),
        search_id: fields.id(Column::SearchId).map_or_else(made_id, Cow::into_owned),
        date: fields.date(at),
        at,
        customer_key: customer.as_ref().map(|customer| customer.key.clone()),
        query: Scrubber::default().scrub_line(&query),
        num_results: fields.int(Column::NumResults)?,
        clicked_faq_id: fields.id_as(Column::ClickedFaqId),
        language: fields.id(Column::Language).and_then(|text| words::language(&text)),
    };
    Ok(Named { row, customer })
}
