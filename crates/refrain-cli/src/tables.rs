//! All tables of one night in memory, and their way into and out of the lake.

use refrain_ingest::Tables as SourceTables;
use refrain_insight::Insight;
use refrain_lake::{FileMeta, Generation, LakeError, Snapshot};
use refrain_record::tables::{
    ConversationOutcome, ConversationTag, Issue, IssueLineage, IssueMember, LinkCampaign, LinkCart, LinkOrder, LinkReturn,
    QualityCheck, Reject, RepeatLink, Run,
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

/// Reads the source tables of a snapshot.
pub(crate) fn read_source(lake: &Snapshot) -> Result<SourceTables, LakeError> {
    Ok(SourceTables {
        conversations: lake.read()?,
        messages: lake.read()?,
        conversation_events: lake.read()?,
        ratings: lake.read()?,
        orders: lake.read()?,
        order_lines: lake.read()?,
        checkouts: lake.read()?,
        returns: lake.read()?,
        campaigns: lake.read()?,
        sends: lake.read()?,
        campaign_events: lake.read()?,
        faq_entries: lake.read()?,
        help_searches: lake.read()?,
        identities: lake.read()?,
    })
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
        Self { generation, tagger_version: tagger_version.to_owned() }
    }

    fn plain<R: Row + Sync>(&mut self, rows: &[R]) -> Result<(), LakeError> {
        self.generation.write(rows, &FileMeta::default())
    }

    fn tagged<R: Row + Sync>(&mut self, rows: &[R]) -> Result<(), LakeError> {
        self.generation.write(rows, &FileMeta { tagger_version: Some(self.tagger_version.clone()) })
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
        self.tagged(&insight.tag_cooccurrence)?;
        self.tagged(&insight.channel_scorecard)?;
        self.tagged(&insight.bot_scorecard)?;
        self.tagged(&insight.effect_units)?;
        self.tagged(&insight.effect_estimates)?;
        self.plain(&insight.retention_cohort)?;
        self.tagged(&insight.metric_tradeoff)?;
        self.tagged(&insight.issue_drivers)?;
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
