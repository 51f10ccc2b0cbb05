//! All tables of a night at once.

use refrain_record::tables::{
    AutomationCandidate, BotScorecard, ChannelScorecard, EffectEstimate, EffectUnit, FaqQueueItem, IssueDaily,
    IssueDriver, IssueFamilyRanking, IssueRanking, MetricTradeoff, RetentionCohort, TagCooccurrence, TagDaily,
    TagSpike,
};

use crate::{
    InsightConfig, Night, NightFacts, automation_candidates, bot_scorecard, channel_scorecard, effect_estimates,
    effect_units, faq_queue, issue_daily, issue_drivers, issue_ranking, metric_tradeoff, retention_cohort,
    tag_cooccurrence, tag_daily, tag_spikes,
};

/// The tables of this stage, each by its key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Insight {
    /// Table `tag_daily`.
    pub tag_daily: Vec<TagDaily>,
    /// Table `issue_daily`.
    pub issue_daily: Vec<IssueDaily>,
    /// Table `tag_spikes`.
    pub tag_spikes: Vec<TagSpike>,
    /// Table `tag_cooccurrence`.
    pub tag_cooccurrence: Vec<TagCooccurrence>,
    /// Table `channel_scorecard`.
    pub channel_scorecard: Vec<ChannelScorecard>,
    /// Table `bot_scorecard`.
    pub bot_scorecard: Vec<BotScorecard>,
    /// Table `effect_units`.
    pub effect_units: Vec<EffectUnit>,
    /// Table `effect_estimates`.
    pub effect_estimates: Vec<EffectEstimate>,
    /// Table `retention_cohort`.
    pub retention_cohort: Vec<RetentionCohort>,
    /// Table `metric_tradeoff`.
    pub metric_tradeoff: Vec<MetricTradeoff>,
    /// Table `issue_drivers`.
    pub issue_drivers: Vec<IssueDriver>,
    /// Table `issue_ranking`.
    pub issue_ranking: Vec<IssueRanking>,
    /// Table `issue_family_ranking`.
    pub issue_family_ranking: Vec<IssueFamilyRanking>,
    /// Table `automation_candidates`.
    pub automation_candidates: Vec<AutomationCandidate>,
    /// Table `faq_queue`.
    pub faq_queue: Vec<FaqQueueItem>,
}

/// Makes all tables; `config` should have passed [`InsightConfig::check`].
///
/// Quality checks need what ingest counted and are made by [`crate::quality_checks`].
#[must_use]
pub fn run(facts: &NightFacts<'_>, config: &InsightConfig) -> Insight {
    let night = Night::prepare(facts);
    let units = effect_units(&night, config);
    let estimates = effect_estimates(&units, facts.is_mechanical, config);
    let ranking = issue_ranking(&night, &estimates, config);
    Insight {
        tag_daily: tag_daily(&night, config),
        issue_daily: issue_daily(&night, config),
        tag_spikes: tag_spikes(&night, config),
        tag_cooccurrence: tag_cooccurrence(&night, config),
        channel_scorecard: channel_scorecard(&night),
        bot_scorecard: bot_scorecard(&night),
        effect_estimates: estimates,
        effect_units: units,
        retention_cohort: retention_cohort(&night),
        metric_tradeoff: metric_tradeoff(&night, config),
        issue_drivers: issue_drivers(&night, config),
        automation_candidates: automation_candidates(&night, &ranking.issues, config),
        faq_queue: faq_queue(&night, &ranking.issues, config),
        issue_ranking: ranking.issues,
        issue_family_ranking: ranking.families,
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
