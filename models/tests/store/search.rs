//! Search: what is found, by whom, and that the index follows what changes.

use chrono::TimeDelta;
use huibao_models::domain::access::{ReportScope, Whose};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::correction::{Correction, ReadSegment};
use huibao_models::domain::ids::{PersonId, ReportId};
use huibao_models::domain::job::JobState;
use huibao_models::domain::person::LoginName;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::search::{TextSource, Words};
use huibao_models::indexing::{index, index_waiting};
use huibao_models::store::{
    Found, INDEX_JOB, JobFilter, NewPerson, NewReport, ReportContent, ReportFilter, SearchQuery,
};

use crate::harness::{Harness, new_report, new_submission};

on_every_engine! {
    what_is_said_and_written_is_found
    the_index_follows_a_correction
    nobody_finds_what_they_may_not_read
    pages_follow_each_other_without_gaps
    rare_words_are_found_behind_many_reports
    a_change_while_it_is_indexed_is_not_lost
    one_job_follows_many_changes
    a_new_name_is_found
    everything_is_indexed_anew
    filters_hold
}

fn everything() -> ReportScope {
    ReportScope { own: PersonId::new(), contacts: vec![], branches: vec![BranchPath::root()] }
}

fn query(words: &str) -> SearchQuery {
    let words = Words::parse(words).unwrap();
    SearchQuery { words, source: None, filter: ReportFilter::default() }
}

impl Harness {
    async fn index(&self) {
        index_waiting(&self.store, &Actor::System, |_| ()).await.unwrap();
    }

    async fn find_as(&self, scope: &ReportScope, query: &SearchQuery) -> Vec<Found> {
        self.snapshot().await.search().find(scope, query, None, 20).await.unwrap().0
    }

    async fn find(&self, words: &str) -> Vec<ReportId> {
        ids(&self.find_as(&everything(), &query(words)).await)
    }

    /// A report with a typed text, handed in.
    async fn hand_in_text(&self, new: NewReport, text: &str) -> ReportId {
        let content = ReportContent { written_text: text.into(), ..new.content };
        let report = NewReport { content, ..new };
        let mut unit = self.begin().await;
        unit.reports().insert(&report).await.unwrap();
        unit.submissions().hand_in(&new_submission(report.id)).await.unwrap();
        unit.commit().await.unwrap();
        report.id
    }

    async fn person(&self, name: &str) -> PersonId {
        let new = NewPerson::named(LoginName::parse(name).unwrap());
        let mut unit = self.begin().await;
        assert!(unit.people().insert(&new).await.unwrap());
        unit.commit().await.unwrap();
        new.id
    }
}

fn ids(found: &[Found]) -> Vec<ReportId> {
    found.iter().map(|one| one.report.report.id).collect()
}

async fn what_is_said_and_written_is_found(harness: Harness) {
    harness.make_ready().await;
    assert!(harness.find("季度").await.is_empty(), "nothing is indexed yet");
    harness.index().await;
    assert_eq!(harness.snapshot().await.search().count_waiting().await.unwrap(), 0);
    let transcript = harness.transcript().await.unwrap();
    let said: String = transcript.segments[0].text.chars().take(3).collect();
    for (words, source) in [("李晓明 季度", TextSource::About), (&said, TextSource::Spoken)] {
        let found = harness.find_as(&everything(), &query(words)).await;
        assert_eq!(ids(&found), [harness.report], "{words}");
        assert_eq!(found[0].excerpts[0].source, source);
        let only = SearchQuery { source: Some(source), ..query(words) };
        assert_eq!(harness.find_as(&everything(), &only).await.len(), 1);
        let elsewhere = SearchQuery { source: Some(TextSource::Written), ..query(words) };
        assert!(harness.find_as(&everything(), &elsewhere).await.is_empty());
    }
    let found = harness.find_as(&everything(), &query(&said)).await;
    assert_eq!(found[0].excerpts[0].start_ms, Some(transcript.segments[0].start_ms));
    assert!(harness.find("没有说过").await.is_empty());

    let typed = harness.hand_in_text(new_report(), "党史\n志愿加入").await;
    harness.index().await;
    assert_eq!(harness.find("党史 志愿").await, [typed]);
    assert!(harness.find("史志").await.is_empty(), "pairs that stand apart are no word");
}

async fn the_index_follows_a_correction(harness: Harness) {
    harness.make_ready().await;
    harness.index().await;
    let segment = harness.transcript().await.unwrap().segments[0].clone();
    let correction = Correction {
        replaced: vec![ReadSegment { id: segment.id, text: segment.text }],
        by: vec!["红船精神".into()],
    };
    let mut unit = harness.store.begin(Actor::Person(harness.person), harness.now).await.unwrap();
    unit.reviews().correct(harness.report, &correction).await.unwrap();
    unit.commit().await.unwrap();
    assert!(harness.find("红船").await.is_empty());
    harness.index().await;
    assert_eq!(harness.find("红船").await, [harness.report]);
}

async fn nobody_finds_what_they_may_not_read(harness: Harness) {
    let (li, wang) = (harness.person("li").await, harness.person("wang").await);
    let branch = |path: &str| path.parse::<BranchPath>().unwrap();
    let of =
        |author, path| NewReport { author: Some(author), branch: branch(path), ..new_report() };
    let first = harness.hand_in_text(of(li, "/甲/一"), "红船").await;
    let second = harness.hand_in_text(of(wang, "/甲乙"), "红船").await;
    harness.index().await;
    let nobody = ReportScope { own: PersonId::new(), contacts: vec![], branches: vec![] };
    let red = query("红船");
    assert_eq!(harness.find_as(&nobody, &red).await.len(), 0);
    let author = ReportScope { own: li, ..nobody.clone() };
    assert_eq!(ids(&harness.find_as(&author, &red).await), [first]);
    for (path, expected) in [("/甲", vec![first]), ("/甲/一", vec![first]), ("/乙", vec![])] {
        let reviewer = ReportScope { branches: vec![branch(path)], ..nobody.clone() };
        assert_eq!(ids(&harness.find_as(&reviewer, &red).await), expected, "{path}");
    }
    let both = ReportScope { branches: vec![branch("/甲乙"), branch("/甲")], ..nobody.clone() };
    assert_eq!(ids(&harness.find_as(&both, &red).await), [second, first], "the newest first");

    // A contact person, wherever they are.
    let zhang = harness.person("zhang").await;
    let mut unit = harness.begin().await;
    unit.people().set_contact(zhang, li, true).await.unwrap();
    unit.commit().await.unwrap();
    let contact = ReportScope { own: zhang, contacts: vec![li], branches: vec![] };
    assert_eq!(ids(&harness.find_as(&contact, &red).await), [first]);

    // What is taken back, its author alone finds: at once, whatever the index knows.
    let mut unit = harness.begin().await;
    unit.reports().set_state(first, ReportState::Withdrawn).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(ids(&harness.find_as(&author, &red).await), [first]);
    assert!(harness.find_as(&contact, &red).await.is_empty());
    assert_eq!(ids(&harness.find_as(&both, &red).await), [second]);
}

async fn pages_follow_each_other_without_gaps(harness: Harness) {
    let mut expected = Vec::new();
    for number in 0..11 {
        // Every third has the pairs of characters, but not the word.
        let text = if number % 3 == 0 { "红旗\n旗手" } else { "红旗手" };
        let id = harness.hand_in_text(new_report(), text).await;
        if number % 3 != 0 {
            expected.insert(0, id);
        }
    }
    harness.index().await;
    let (mut before, mut pages) = (None, Vec::new());
    loop {
        let mut snapshot = harness.snapshot().await;
        let (found, next) =
            snapshot.search().find(&everything(), &query("红旗手"), before, 2).await.unwrap();
        pages.extend(ids(&found));
        let Some(next) = next else { break };
        assert!(found.len() <= 2 && before.is_none_or(|before| next < before));
        before = Some(next);
    }
    assert_eq!(pages, expected);
}

async fn rare_words_are_found_behind_many_reports(harness: Harness) {
    // More than are looked at before an index is asked.
    let mut reports = Vec::new();
    let mut unit = harness.begin().await;
    for number in 0..250 {
        let text = ["红船\n", if number % 50 == 3 { "灯塔" } else { "" }].concat();
        let content = ReportContent { written_text: text, ..new_report().content };
        let report = NewReport { content, ..new_report() };
        unit.reports().insert(&report).await.unwrap();
        unit.submissions().hand_in(&new_submission(report.id)).await.unwrap();
        reports.push(report.id);
    }
    unit.commit().await.unwrap();
    harness.index().await;
    assert_eq!(harness.find("红船").await.len(), 20);
    let expected: Vec<_> = reports.into_iter().skip(3).step_by(50).rev().collect();
    assert_eq!(harness.find("燈塔").await, expected, "also in traditional characters");
    let mut snapshot = harness.snapshot().await;
    let (first, next) =
        snapshot.search().find(&everything(), &query("灯塔"), None, 2).await.unwrap();
    let (second, _) = snapshot.search().find(&everything(), &query("灯塔"), next, 9).await.unwrap();
    assert_eq!([ids(&first), ids(&second)].concat(), expected);
}

async fn a_change_while_it_is_indexed_is_not_lost(harness: Harness) {
    let mut snapshot = harness.snapshot().await;
    let old = snapshot.search().unindexed(harness.report).await.unwrap().unwrap();
    drop(snapshot);
    harness.make_ready().await;
    let mut unit = harness.begin().await;
    assert!(!unit.search().write(&old).await.unwrap(), "its texts have changed meanwhile");
    unit.commit().await.unwrap();
    assert!(harness.find("季度").await.is_empty());
    assert!(index(&harness.store, &Actor::System, harness.report).await.unwrap());
    assert_eq!(harness.find("季度").await, [harness.report]);
    assert!(index(&harness.store, &Actor::System, harness.report).await.unwrap(), "nothing to do");
}

async fn one_job_follows_many_changes(harness: Harness) {
    let filter = JobFilter {
        kind: Some(INDEX_JOB.into()),
        state: Some(JobState::Queued),
        ..JobFilter::default()
    };
    let jobs = async || harness.snapshot().await.jobs().list(&filter, 9).await.unwrap();
    assert!(jobs().await.is_empty(), "the harness has ended it");
    harness.index().await;
    harness.make_ready().await;
    let [job] = &jobs().await[..] else { panic!("one for all stages") };
    assert!(!harness.takes(job, harness.now).await, "more changes may follow");
    assert!(harness.takes(job, harness.now + TimeDelta::seconds(10)).await);
}

async fn a_new_name_is_found(harness: Harness) {
    let li = harness.person("li").await;
    let report = NewReport { author: Some(li), ..new_report() };
    let id = harness.hand_in_text(report, "").await;
    harness.index().await;
    assert!(harness.find("欧阳").await.is_empty());
    let mut unit = harness.begin().await;
    assert!(unit.people().describe(li, "欧阳娜娜", None, None).await.unwrap());
    unit.commit().await.unwrap();
    harness.index().await;
    assert_eq!(harness.find("欧阳").await, [id]);
}

async fn everything_is_indexed_anew(harness: Harness) {
    let text = harness.hand_in_text(new_report(), "红船").await;
    harness.index().await;
    let mut unit = harness.begin().await;
    unit.search().mark_all().await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.find("红船").await, [text], "it can be searched meanwhile");
    let mut counts = Vec::new();
    index_waiting(&harness.store, &Actor::System, |done| counts.push(done)).await.unwrap();
    assert_eq!(counts, [1, 2]);
    assert_eq!(harness.find("红船").await, [text]);
}

async fn filters_hold(harness: Harness) {
    let text = harness.hand_in_text(new_report(), "红船").await;
    harness.index().await;
    let with = |filter: ReportFilter| SearchQuery { filter, ..query("红船") };
    let of = |whose| with(ReportFilter { whose, ..ReportFilter::default() });
    for (whose, found) in
        [(Whose::All, 1), (Whose::Others, 1), (Whose::Own, 0), (Whose::Contacts, 0)]
    {
        assert_eq!(harness.find_as(&everything(), &of(whose)).await.len(), found, "{whose}");
    }
    let in_branch = |path: &str| {
        with(ReportFilter { branch: Some(path.parse().unwrap()), ..ReportFilter::default() })
    };
    assert!(harness.find_as(&everything(), &in_branch("/甲")).await.is_empty());
    assert_eq!(ids(&harness.find_as(&everything(), &in_branch("/")).await), [text]);
}
