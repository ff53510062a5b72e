//! Rubrics: what a branch asks its reviewers about reports of a kind. An answer is words with evidence, passages
//! or times of the report, and never a score: Huibao does not judge people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::branch::BranchPath;
use super::ids::{PersonId, QuestionId, SubmissionId};
use super::report::ReportKind;
use super::review::{Anchor, Decision, Verdict};

/// A question to reviewers. Its id belongs to its words: other words are another question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The id.
    pub id: QuestionId,
    /// What is asked.
    pub text: String,
}

/// What a branch asks about reports of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubric {
    /// The branch. What lies below it asks the same, unless it has a rubric of its own.
    pub branch: BranchPath,
    /// The kind of reports.
    pub kind: ReportKind,
    /// The questions, in their order; none: the next branch above decides.
    pub questions: Vec<Question>,
    /// Grows with each change.
    pub revision: u32,
    /// When it was changed last.
    pub changed_at: DateTime<Utc>,
}

impl Rubric {
    /// Questions with these words. Those that were asked before keep their ids, and so their answers.
    pub fn questions_of(texts: &[String], before: &[Question]) -> Vec<Question> {
        let known = |text: &String| before.iter().find(|question| question.text == *text);
        let question = |text: &String| {
            let new = || Question { id: QuestionId::new(), text: text.clone() };
            known(text).cloned().unwrap_or_else(new)
        };
        texts.iter().map(question).collect()
    }

    /// The rubric in force, among those of a branch and of the branches above it: the nearest that asks something.
    pub fn nearest(rubrics: Vec<Self>) -> Option<Self> {
        let asking = rubrics.into_iter().filter(|rubric| !rubric.questions.is_empty());
        asking.max_by_key(|rubric| rubric.branch.key().len())
    }
}

/// What a reviewer answers to a question. It keeps the words of the question, whatever the rubric asks later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// The submission that was read.
    pub submission: SubmissionId,
    /// Who answered.
    pub person: PersonId,
    /// Their display name.
    pub person_name: String,
    /// What they say.
    pub text: String,
    /// Where the report shows it.
    pub evidence: Vec<Anchor>,
    /// Grows with each change.
    pub revision: u32,
    /// When it was changed last.
    pub changed_at: DateTime<Utc>,
}

impl Answer {
    /// Whether it says something and shows where: until then the question is open.
    pub fn is_whole(&self) -> bool {
        !self.text.is_empty() && !self.evidence.is_empty()
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.evidence.is_empty()
    }
}

/// A question about a submission with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// Whether the rubric in force asks it.
    pub current: bool,
    /// The answers, each by another reviewer.
    pub answers: Vec<&'a Answer>,
}

impl Asked<'_> {
    /// Whether nobody has answered with evidence.
    pub fn is_open(&self) -> bool {
        !self.answers.iter().any(|answer| answer.is_whole())
    }
}

/// The questions in force with the answers to them, and then those that were asked before and answered.
pub fn asked<'a>(questions: &'a [Question], answers: &'a [Answer]) -> Vec<Asked<'a>> {
    let entry = |question, current| Asked { question, current, answers: Vec::new() };
    let mut asked: Vec<_> = questions.iter().map(|question| entry(question, true)).collect();
    for answer in answers.iter().filter(|answer| !answer.is_empty()) {
        let id = answer.question.id;
        let place = asked.iter().position(|entry| entry.question.id == id);
        let place = place.unwrap_or_else(|| {
            asked.push(entry(&answer.question, false));
            asked.len() - 1
        });
        asked[place].answers.push(answer);
    }
    asked
}

/// The questions in force that nobody has answered with evidence.
pub fn open<'a>(questions: &'a [Question], answers: &'a [Answer]) -> Vec<&'a Question> {
    let asked = asked(questions, answers).into_iter();
    asked.filter(|entry| entry.current && entry.is_open()).map(|entry| entry.question).collect()
}

/// Whether a submission is decided: its answers are its author's to see then, and nobody changes them.
/// `decisions` are those of the report, the newest first.
pub fn is_decided(submission: SubmissionId, decisions: &[Decision]) -> bool {
    let newest = decisions.iter().find(|decision| decision.submission == submission);
    newest.is_some_and(|decision| decision.verdict != Verdict::Reopen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rubric(branch: &str, questions: Vec<Question>) -> Rubric {
        Rubric {
            branch: branch.parse().unwrap(),
            kind: ReportKind::Study,
            questions,
            revision: 1,
            changed_at: DateTime::UNIX_EPOCH,
        }
    }

    fn questions(texts: &[&str]) -> Vec<Question> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        Rubric::questions_of(&texts, &[])
    }

    fn answer(question: &Question, text: &str, evidence: Vec<Anchor>) -> Answer {
        Answer {
            question: question.clone(),
            submission: SubmissionId::new(),
            person: PersonId::new(),
            person_name: String::new(),
            text: text.into(),
            evidence,
            revision: 1,
            changed_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_nearest_branch_that_asks_something_wins() {
        let some = questions(&["一"]);
        let all =
            vec![rubric("/", some.clone()), rubric("/a", some.clone()), rubric("/a/b", vec![])];
        assert_eq!(Rubric::nearest(all).unwrap().branch.to_string(), "/a");
        assert_eq!(Rubric::nearest(vec![rubric("/a", vec![])]), None);
    }

    #[test]
    fn a_question_is_its_words() {
        let before = questions(&["一", "二"]);
        let now = Rubric::questions_of(&["二".into(), "三".into()], &before);
        assert_eq!(now[0], before[1]);
        assert!(before.iter().all(|question| question.id != now[1].id));
    }

    #[test]
    fn a_question_is_open_until_words_and_evidence_are_there() {
        let questions = questions(&["一", "二", "三"]);
        let time = vec![Anchor::Time { ms: 5 }];
        let answers = [
            answer(&questions[0], "有", time.clone()),
            answer(&questions[1], "有", vec![]),
            answer(&questions[2], "", time),
        ];
        let left: Vec<_> = open(&questions, &answers).iter().map(|it| it.text.as_str()).collect();
        assert_eq!(left, ["二", "三"]);
    }

    #[test]
    fn what_is_no_longer_asked_keeps_its_answers() {
        let old = questions(&["旧"]);
        let new = questions(&["新"]);
        let answers =
            [answer(&old[0], "有", vec![Anchor::Time { ms: 5 }]), answer(&new[0], "", vec![])];
        let asked = asked(&new, &answers);
        assert_eq!(asked.len(), 2);
        assert!(asked[0].current && asked[0].is_open() && asked[0].answers.is_empty());
        assert!(!asked[1].current && asked[1].question.text == "旧");
        assert_eq!(open(&new, &answers).len(), 1);
    }
}
