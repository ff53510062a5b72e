//! For `scripts/bench-search`: how long a search takes among many reports, and what the index costs.
//!
//! ```text
//! search DATABASE_URL REPORTS ROUNDS
//! ```
//!
//! An empty database is filled; one that this has filled is measured again. Each report has a transcript of 40 sentences and a typed text, of words from the
//! lexicon as often as they are used, and of phrases that nearly every report has. Figures go to standard output as a
//! table: milliseconds of one reader who asks again and again.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress")]

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::Utc;
use huibao_models::domain::access::ReportScope;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::{PersonId, ReportId, SubmissionId};
use huibao_models::domain::person::LoginName;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::search::Words;
use huibao_models::domain::submission::SubmissionState;
use huibao_models::domain::transcript::{Recognition, RecognizerInfo, Segment, Transcript};
use huibao_models::indexing::index_waiting;
use huibao_models::store::{
    NewPerson, NewReport, NewSubmission, ReportContent, ReportFilter, SearchQuery, Store,
    UnitOfWork,
};

/// Words with how often they are used.
const LEXICON: &str = include_str!("../../crates/chinese/src/lexicon.txt");

/// So many reports in one commit.
const BATCH: u32 = 200;

/// Reports of one person.
const EACH: u32 = 10;

const PAGE: u32 = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, url, reports, rounds] = &args[..] else { return Err("see the top of the file".into()) };
    let (reports, rounds): (u32, usize) = (reports.parse()?, rounds.parse()?);
    let store = Store::open(url, 4).await?;
    let words = Sampler::new();
    let known = store.snapshot().await?.people().list().await?;
    if !known.is_empty() {
        let people: Vec<_> = known.iter().map(|person| person.id).collect();
        return measure(&store, &words, &people, rounds).await;
    }
    let people = fill(&store, reports, &words).await?;
    let started = Instant::now();
    let tell = |done| {
        if done % 10_000 == 0 {
            eprintln!("indexed {done}");
        }
    };
    index_waiting(&store, &Actor::System, tell).await?;
    let each = started.elapsed() / reports;
    println!("indexing a report: {:.2} ms", each.as_secs_f64() * 1000.0);
    measure(&store, &words, &people, rounds).await
}

/// Draws words as often as they are used.
struct Sampler {
    words: Vec<&'static str>,
    /// For each word, the sum of the weights up to it.
    sums: Vec<f64>,
}

impl Sampler {
    fn new() -> Self {
        let (mut words, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for line in LEXICON.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split_whitespace();
            if let Some(word) = fields.next().filter(|word| word.chars().count() > 1) {
                let weight: f64 = fields.next().and_then(|f| f.parse().ok()).unwrap_or(1.0);
                sum += weight;
                words.push(word);
                sums.push(sum);
            }
        }
        Self { words, sums }
    }

    fn word(&self) -> &'static str {
        let at = fastrand::f64() * self.sums.last().copied().unwrap_or(0.0);
        let index = self.sums.partition_point(|sum| *sum < at);
        self.words[index.min(self.words.len() - 1)]
    }

    /// One that is seldom used.
    fn rare(&self) -> &'static str {
        self.words[fastrand::usize(..self.words.len())]
    }

    fn sentence(&self) -> String {
        let phrases = ["敬爱的党组织", "通过学习我认识到", "在实践方面", "我清楚地看到自己的不足"];
        let phrase = phrases[fastrand::usize(..phrases.len())];
        let words: String = (0..8).map(|_| self.word()).collect();
        format!("{phrase}，{words}。")
    }
}

fn name(number: u32) -> String {
    let family = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];
    let given: Vec<char> = "明伟芳秀娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂英华".chars().collect();
    let part = |by: u32| given[(number / by) as usize % given.len()];
    format!("{}{}{}", family[number as usize % family.len()], part(10), part(240))
}

fn branch(number: u32) -> Result<BranchPath, Box<dyn Error>> {
    Ok(format!("/学院{}/支部{}", number % 9, number % 90).parse()?)
}

async fn fill(
    store: &Store,
    reports: u32,
    words: &Sampler,
) -> Result<Vec<PersonId>, Box<dyn Error>> {
    let mut people = Vec::new();
    for begin in (0..reports).step_by(BATCH as usize) {
        let mut unit = store.begin(Actor::System, Utc::now()).await?;
        for number in begin..(begin + BATCH).min(reports) {
            let person = number / EACH;
            if number % EACH == 0 {
                let mut new = NewPerson::named(LoginName::parse(&format!("p{person}"))?);
                new.display_name = name(person);
                unit.people().insert(&new).await?;
                people.push(new.id);
            }
            let sentences: Vec<String> = (0..40).map(|_| words.sentence()).collect();
            let report = NewReport {
                id: ReportId::new(),
                title: format!("第{}季度思想汇报", number % 4 + 1),
                speaker: name(person),
                author: people.last().copied(),
                branch: branch(person)?,
                round: None,
                content: ReportContent {
                    written_text: sentences.join("\n"),
                    ..ReportContent::default()
                },
            };
            let id = SubmissionId::new();
            unit.reports().insert(&report).await?;
            let submission =
                NewSubmission { id, report_id: report.id, language: "zh".into(), files: vec![] };
            unit.submissions().hand_in(&submission).await?;
            unit.transcripts().add_recognition(id, &recognition(&sentences)).await?;
            review(&mut unit, report.id, id, number).await?;
        }
        unit.commit().await?;
        if begin % 10_000 == 0 {
            eprintln!("filled {begin}");
        }
    }
    Ok(people)
}

/// One in a hundred is still being processed, three in ten wait for a reviewer, the others are decided.
async fn review(
    unit: &mut UnitOfWork,
    report: ReportId,
    submission: SubmissionId,
    number: u32,
) -> Result<(), Box<dyn Error>> {
    unit.submissions().set_state(submission, SubmissionState::Processing, None).await?;
    if number.is_multiple_of(100) {
        return Ok(());
    }
    unit.submissions().set_state(submission, SubmissionState::Ready, None).await?;
    let verdict = match number % 10 {
        0..3 => return Ok(()),
        3 => ReportState::Returned,
        _ => ReportState::Accepted,
    };
    unit.reports().set_state(report, ReportState::InReview).await?;
    unit.reports().set_state(report, verdict).await?;
    Ok(())
}

fn recognition(sentences: &[String]) -> Recognition {
    let segment = |(number, text): (u64, &String)| Segment {
        id: 0,
        start_ms: number * 5_000,
        end_ms: number * 5_000 + 4_500,
        text: text.clone(),
        raw_text: String::new(),
        confidence: Some(0.9),
        words: vec![],
        flags: vec![],
    };
    let transcript = Transcript {
        language: "zh".into(),
        no_speech: false,
        duration_ms: 200_000,
        segments: (0..).zip(sentences).map(segment).collect(),
        speech: vec![],
        recognizer: RecognizerInfo {
            engine: "none".into(),
            model: "none".into(),
            model_sha256: String::new(),
            parameters: serde_json::json!({}),
        },
    };
    Recognition { transcript, raw: vec![] }
}

async fn measure(
    store: &Store,
    words: &Sampler,
    people: &[PersonId],
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    let readers = readers(store, people).await?;
    println!("| | | p50 | p95 | longest |");
    for (what, of) in [
        ("in every report", Sampler::everywhere as fn(&Sampler) -> String),
        ("as it is used", Sampler::used),
        ("seldom", Sampler::seldom),
        ("two words", Sampler::two),
        ("a name", Sampler::name),
        ("one character", Sampler::character),
    ] {
        for (who, scope) in &readers {
            let mut times = Vec::new();
            for _ in 0..rounds {
                times.push(ask(store, scope, &of(words)).await?);
            }
            tell(what, who, times);
        }
    }
    for (who, scope) in &readers {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let started = Instant::now();
            store.snapshot().await?.reports().counts(scope, &ReportFilter::default()).await?;
            times.push(started.elapsed());
        }
        tell("counts by state", who, times);
    }
    Ok(())
}

/// Who reads.
async fn readers(
    store: &Store,
    people: &[PersonId],
) -> Result<Vec<(&'static str, ReportScope)>, Box<dyn Error>> {
    let nobody = || ReportScope { own: PersonId::new(), contacts: vec![], branches: vec![] };
    let one = |path: BranchPath| ReportScope { branches: vec![path], ..nobody() };
    let [contact, .., author] = people else { return Err("too few people".into()) };
    let contacts: Vec<_> = (0..10).map(|_| people[fastrand::usize(1..people.len())]).collect();
    let mut unit = store.begin(Actor::System, Utc::now()).await?;
    for activist in &contacts {
        unit.people().set_contact(*contact, *activist, true).await?;
    }
    unit.commit().await?;
    Ok(vec![
        ("everything", one(BranchPath::root())),
        ("a college", one("/学院3".parse()?)),
        ("a branch", one("/学院3/支部3".parse()?)),
        ("own", ReportScope { own: *author, ..nobody() }),
        ("ten contacts", ReportScope { own: *contact, contacts, branches: vec![] }),
    ])
}

fn tell(what: &str, who: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let at = |share: usize| ms(times[(times.len() - 1) * share / 100]);
    println!("| {what} | {who} | {:.1} | {:.1} | {:.1} |", at(50), at(95), at(100));
}

async fn ask(store: &Store, scope: &ReportScope, text: &str) -> Result<Duration, Box<dyn Error>> {
    let words = Words::parse(text).ok_or("no words")?;
    let query = SearchQuery { words, source: None, filter: ReportFilter::default() };
    let started = Instant::now();
    store.snapshot().await?.search().find(scope, &query, None, PAGE).await?;
    Ok(started.elapsed())
}

impl Sampler {
    fn everywhere(&self) -> String {
        let _ = self;
        "党组织".to_owned()
    }

    fn used(&self) -> String {
        self.word().to_owned()
    }

    fn seldom(&self) -> String {
        self.rare().to_owned()
    }

    fn two(&self) -> String {
        format!("{} {}", self.word(), self.word())
    }

    fn name(&self) -> String {
        let _ = self;
        name(fastrand::u32(..10_000))
    }

    fn character(&self) -> String {
        self.word().chars().take(1).collect()
    }
}
