//! The reports of a round in one zip archive. It is written to a file, report by report, so it takes the memory of
//! one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::export::paper::{FileNames, document};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::asker::Asker;
use super::report;
use crate::jobs::Attempt;

/// The sheet, which stands beside the folder of the reports.
const TABLE: &str = "名单.xlsx";

/// The archive's path, and the reports that are in it: those that can be read when it is their turn.
pub(super) async fn make(
    attempt: &Attempt,
    asker: &Asker,
    sheet: Vec<u8>,
    reports: &[ReportId],
) -> Result<(PathBuf, Vec<ReportId>), Failure> {
    let path = attempt.scratch().await?.join("archive.zip");
    let mut archive = Archive::create(path.clone()).await?.add(TABLE.to_owned(), sheet).await?;
    let (mut names, mut packed) = (FileNames::default(), Vec::new());
    for (done, id) in (1..).zip(reports) {
        if let Some(report) = report::load(attempt, asker, *id).await? {
            let name = names.unique(&report::stem(&report), "docx");
            let bytes = document(&report, &asker.mark)?;
            archive = archive.add(format!("汇报/{name}"), bytes).await?;
            packed.push(*id);
        }
        attempt.events.progress.send_replace(fraction(done, reports.len()));
    }
    archive.finish().await?;
    Ok((path, packed))
}

fn fraction(done: usize, all: usize) -> f32 {
    let small = |number| f32::from(u16::try_from(number).unwrap_or(u16::MAX));
    small(done) / small(all)
}

/// An archive that is being written, off the threads that wait. On the heap: the writer is large.
struct Archive(Box<ZipWriter<BufWriter<File>>>);

impl Archive {
    async fn create(path: PathBuf) -> Result<Self, Failure> {
        blocking(move || {
            let file = BufWriter::new(File::create(path)?);
            Ok(Self(Box::new(ZipWriter::new(file))))
        })
        .await
    }

    /// Adds a file, which is compressed already.
    async fn add(mut self, name: String, bytes: Vec<u8>) -> Result<Self, Failure> {
        blocking(move || {
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            self.0.start_file(name, stored).map_err(Failure::internal)?;
            self.0.write_all(&bytes)?;
            Ok(self)
        })
        .await
    }

    async fn finish(self) -> Result<(), Failure> {
        blocking(move || {
            let mut file = self.0.finish().map_err(Failure::internal)?;
            Ok(file.flush()?)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
}
