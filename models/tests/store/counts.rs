//! How many reports are in which state.

use std::collections::BTreeMap;

use huibao_models::domain::access::{ReportScope, Whose};
use huibao_models::domain::ids::{PersonId, ReportId};
use huibao_models::domain::person::LoginName;
use huibao_models::domain::report::{ReportKind, ReportState, VisibleState};
use huibao_models::domain::submission::SubmissionState;
use huibao_models::store::{NewPerson, NewReport, ReportFilter};

use crate::harness::{Harness, new_submission};

on_every_engine! {
    counts_are_those_of_the_list
}

/// A state of a report, and of its submission if it has one.
const STATES: [(ReportState, Option<SubmissionState>); 8] = [
    (ReportState::Draft, None),
    (ReportState::Submitted, Some(SubmissionState::Submitted)),
    (ReportState::Submitted, Some(SubmissionState::Processing)),
    (ReportState::Submitted, Some(SubmissionState::Failed)),
    (ReportState::Submitted, Some(SubmissionState::Ready)),
    (ReportState::InReview, Some(SubmissionState::Ready)),
    (ReportState::Returned, Some(SubmissionState::Ready)),
    (ReportState::Withdrawn, Some(SubmissionState::Ready)),
];

impl Harness {
    async fn add_person(&self, name: &str) -> PersonId {
        let new = NewPerson::named(LoginName::parse(name).unwrap());
        let mut unit = self.begin().await;
        assert!(unit.people().insert(&new).await.unwrap());
        unit.commit().await.unwrap();
        new.id
    }

    async fn report_in(
        &self,
        author: PersonId,
        branch: &str,
        (state, processed): (ReportState, Option<SubmissionState>),
    ) {
        let id = ReportId::new();
        let new = NewReport {
            author: Some(author),
            branch: branch.parse().unwrap(),
            ..NewReport::anonymous(id, String::new(), String::new())
        };
        let mut unit = self.begin().await;
        unit.reports().insert(&new).await.unwrap();
        if let Some(processed) = processed {
            let submission = new_submission(id);
            unit.submissions().hand_in(&submission).await.unwrap();
            if processed != SubmissionState::Submitted {
                let mut submissions = unit.submissions();
                submissions
                    .set_state(submission.id, SubmissionState::Processing, None)
                    .await
                    .unwrap();
                if processed != SubmissionState::Processing {
                    submissions.set_state(submission.id, processed, None).await.unwrap();
                }
            }
            if state == ReportState::Returned {
                unit.reports().set_state(id, ReportState::InReview).await.unwrap();
            }
            if state != ReportState::Submitted {
                unit.reports().set_state(id, state).await.unwrap();
            }
        }
        unit.commit().await.unwrap();
    }
}

async fn counts_are_those_of_the_list(harness: Harness) {
    let (author, other, reader) = (
        harness.add_person("author").await,
        harness.add_person("other").await,
        harness.add_person("reader").await,
    );
    let mut unit = harness.begin().await;
    unit.people().set_contact(reader, author, true).await.unwrap();
    unit.commit().await.unwrap();
    for who in [author, other, reader] {
        for branch in ["/a/b", "/a/bb", "/c"] {
            for state in STATES {
                harness.report_in(who, branch, state).await;
            }
        }
    }
    let mut snapshot = harness.snapshot().await;
    for branches in [&[][..], &["/a"], &["/a/b", "/a", "/c"], &["/"]] {
        let scope = ReportScope {
            own: reader,
            contacts: vec![author],
            branches: branches.iter().map(|branch| branch.parse().unwrap()).collect(),
        };
        let all = ReportFilter::default();
        let filters = [
            ReportFilter { branch: Some("/a/b".parse().unwrap()), ..all.clone() },
            ReportFilter { kind: Some(ReportKind::Study), ..all.clone() },
        ];
        let of = |whose: &Whose| ReportFilter { whose: *whose, ..all.clone() };
        for filter in Whose::ALL.iter().map(of).chain(filters) {
            let listed = snapshot.reports().newest_for(&scope, &filter, None, 1000).await.unwrap();
            let mut expected: BTreeMap<VisibleState, u32> = BTreeMap::new();
            for one in listed {
                let processed = one.submission.map(|submission| submission.state);
                *expected.entry(VisibleState::of(one.report.state, processed)).or_default() += 1;
            }
            let counts = snapshot.reports().counts(&scope, &filter).await.unwrap();
            assert_eq!(counts, expected, "{scope:?} {filter:?}");
        }
    }
}
