//! All tables of one night in memory, and their way into and out of the lake.

use refrain_ingest::{Shop, Tables as SourceTables};
use refrain_insight::Insight;
use refrain_lake::{FileMeta, Generation, LakeError, Snapshot};
use refrain_record::tables::{
    Conversation, ConversationOutcome, ConversationTag, Issue, IssueLineage, IssueMember, LinkCampaign, LinkCart,
    LinkOrder, LinkReturn, Message, QualityCheck, Reject, RepeatLink, Run,
};
use refrain_record::{Date, Row};

/// What journey found.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pub(crate) repeat_links: Vec<RepeatLink>,
    pub(crate) link_order: Vec<LinkOrder>,
    pub(crate) link_cart: Vec<LinkCart>,
    pub(crate) link_return: Vec<LinkReturn>,
    pub(crate) link_campaign: Vec<LinkCampaign>,
}

/// What the issues stage found.
#[derive(Debug, Default)]
pub(crate) struct IssueTables {
    pub(crate) issues: Vec<Issue>,
    pub(crate) members: Vec<IssueMember>,
    pub(crate) lineage: Vec<IssueLineage>,
}

/// Every table of a night.
#[derive(Default)]
pub(crate) struct Night {
    pub(crate) source: SourceTables,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) tags: Vec<ConversationTag>,
    pub(crate) links: Links,
    pub(crate) outcomes: Vec<ConversationOutcome>,
    pub(crate) issues: IssueTables,
    pub(crate) insight: Insight,
    pub(crate) checks: Vec<QualityCheck>,
    pub(crate) runs: Vec<Run>,
}

/// Conversations and messages of one period, each in key order; all other tables empty.
pub(crate) fn read_texts(lake: &Snapshot, dt: Date) -> Result<SourceTables, LakeError> {
    let mut source = SourceTables {
        conversations: lake.read_period::<Conversation>(dt)?,
        messages: lake.read_period::<Message>(dt)?,
        ..SourceTables::default()
    };
    source.conversations.sort_by(Conversation::compare_keys);
    source.messages.sort_by(Message::compare_keys);
    Ok(source)
}

/// Reads the source tables of a snapshot, each in key order, as ingest leaves them.
pub(crate) fn read_source(lake: &Snapshot) -> Result<SourceTables, LakeError> {
    Ok(SourceTables {
        conversations: in_key_order(lake)?,
        messages: in_key_order(lake)?,
        conversation_events: in_key_order(lake)?,
        ratings: in_key_order(lake)?,
        orders: in_key_order(lake)?,
        order_lines: in_key_order(lake)?,
        checkouts: in_key_order(lake)?,
        returns: in_key_order(lake)?,
        campaigns: in_key_order(lake)?,
        sends: in_key_order(lake)?,
        campaign_events: in_key_order(lake)?,
        faq_entries: in_key_order(lake)?,
        help_searches: in_key_order(lake)?,
        identities: in_key_order(lake)?,
    })
}

/// The rows that were there by the end of `date`, for running a night again: later ones wait for their own.
pub(crate) fn up_to(all: &SourceTables, shops: &[Shop], date: Date) -> SourceTables {
    fn rows<R: Row>(rows: &[R], date: Date) -> Vec<R> {
        rows.iter()
            .filter(|row| row.file_date().is_none_or(|d| d <= date))
            .cloned()
            .collect()
    }
    let mut tables = SourceTables {
        conversations: rows(&all.conversations, date),
        messages: rows(&all.messages, date),
        conversation_events: rows(&all.conversation_events, date),
        ratings: rows(&all.ratings, date),
        orders: rows(&all.orders, date),
        order_lines: rows(&all.order_lines, date),
        checkouts: rows(&all.checkouts, date),
        returns: rows(&all.returns, date),
        campaigns: rows(&all.campaigns, date),
        sends: rows(&all.sends, date),
        campaign_events: rows(&all.campaign_events, date),
        faq_entries: rows(&all.faq_entries, date),
        help_searches: rows(&all.help_searches, date),
        identities: rows(&all.identities, date),
    };
    tables
        .identities
        .retain(|i| i.first_seen.is_none_or(|seen| seen <= date));
    // A message lies under its conversation's date, however late it was sent.
    tables.messages.retain(|m| {
        let shop = shops.iter().find(|shop| shop.id == m.shop_id);
        m.sent_at.zip(shop).is_none_or(|(at, shop)| shop.date_of(at) <= date)
    });
    tables
}

/// All rows of a table in key order; a snapshot reads them file by file.
fn in_key_order<R: Row + Send>(lake: &Snapshot) -> Result<Vec<R>, LakeError> {
    let mut rows: Vec<R> = lake.read()?;
    rows.sort_by(R::compare_keys);
    Ok(rows)
}

/// Reads the links of a snapshot.
pub(crate) fn read_links(lake: &Snapshot) -> Result<Links, LakeError> {
    Ok(Links {
        repeat_links: lake.read()?,
        link_order: lake.read()?,
        link_cart: lake.read()?,
        link_return: lake.read()?,
        link_campaign: lake.read()?,
    })
}

/// Writes tables of a night, counting each for `runs`.
pub(crate) struct TableWriter<'a> {
    generation: &'a mut Generation,
    tagger_version: String,
}

impl<'a> TableWriter<'a> {
    pub(crate) fn new(generation: &'a mut Generation, tagger_version: &str) -> Self {
        Self {
            generation,
            tagger_version: tagger_version.to_owned(),
        }
    }

    fn plain<R: Row + Sync>(&mut self, rows: &[R]) -> Result<(), LakeError> {
        self.generation.write(rows, &FileMeta::default())
    }

    fn tagged<R: Row + Sync>(&mut self, rows: &[R]) -> Result<(), LakeError> {
        self.generation.write(
            rows,
            &FileMeta {
                tagger_version: Some(self.tagger_version.clone()),
            },
        )
    }

    pub(crate) fn source(&mut self, t: &SourceTables, rejects: &[Reject]) -> Result<(), LakeError> {
        self.plain(&t.conversations)?;
        self.plain(&t.messages)?;
        self.plain(&t.conversation_events)?;
        self.plain(&t.ratings)?;
        self.plain(&t.orders)?;
        self.plain(&t.order_lines)?;
        self.plain(&t.checkouts)?;
        self.plain(&t.returns)?;
        self.plain(&t.campaigns)?;
        self.plain(&t.sends)?;
        self.plain(&t.campaign_events)?;
        self.plain(&t.faq_entries)?;
        self.plain(&t.help_searches)?;
        self.plain(&t.identities)?;
        self.plain(rejects)
    }

    pub(crate) fn tags(&mut self, rows: &[ConversationTag]) -> Result<(), LakeError> {
        self.tagged(rows)
    }

    pub(crate) fn links(&mut self, links: &Links) -> Result<(), LakeError> {
        self.plain(&links.repeat_links)?;
        self.plain(&links.link_order)?;
        self.plain(&links.link_cart)?;
        self.plain(&links.link_return)?;
        self.plain(&links.link_campaign)
    }

    pub(crate) fn outcomes(&mut self, rows: &[ConversationOutcome]) -> Result<(), LakeError> {
        self.tagged(rows)
    }

    pub(crate) fn issues(&mut self, tables: &IssueTables) -> Result<(), LakeError> {
        self.plain(&tables.issues)?;
        self.plain(&tables.members)?;
        self.plain(&tables.lineage)
    }

    pub(crate) fn insight(&mut self, insight: &Insight, checks: &[QualityCheck]) -> Result<(), LakeError> {
        self.tagged(&insight.tag_daily)?;
        self.tagged(&insight.issue_daily)?;
        self.tagged(&insight.tag_spikes)?;
        self.tagged(&insight.tag_cooccurrence)?;
        self.tagged(&insight.channel_scorecard)?;
        self.tagged(&insight.bot_scorecard)?;
        self.tagged(&insight.effect_units)?;
        self.tagged(&insight.effect_estimates)?;
        self.plain(&insight.retention_cohort)?;
        self.tagged(&insight.metric_tradeoff)?;
        self.tagged(&insight.issue_drivers)?;
        self.tagged(&insight.issue_ranking)?;
        self.tagged(&insight.issue_family_ranking)?;
        self.tagged(&insight.automation_candidates)?;
        self.tagged(&insight.faq_queue)?;
        self.plain(checks)
    }

    pub(crate) fn runs(&mut self, rows: &[Run]) -> Result<(), LakeError> {
        self.plain(rows)
    }

    pub(crate) fn state(&mut self, name: &str, date: Date, bytes: &[u8]) -> Result<(), LakeError> {
        self.generation.write_state(name, date, bytes)
    }

    /// Rows and digest of a table written so far.
    pub(crate) fn written(&self, table: &str) -> (u64, String) {
        self.generation.table_summary(table)
    }
}
