/** The HTTP interface: its types, and a function for each call. */

import type {
  Anchor,
  Answer as RubricAnswer,
  DeadJobsDone,
  Example,
  ExampleList,
  ExampleSummary,
  Export,
  ExportFormat,
  ExportList,
  JobList,
  JobsSummary,
  Worker,
  WorkerList,
  AuditList,
  BranchList,
  Channel,
  ChannelList,
  Comment,
  CommentChange,
  Comparison,
  Corrected,
  CorrectionList,
  Grant,
  Info,
  NewAnswer,
  NewChannel,
  NewComment,
  NewPerson,
  NewRound,
  NewRubric,
  NoticeList,
  NoticeSettings,
  ParticipantList,
  PeopleList,
  Person,
  PersonBody,
  PersonChange,
  Reminded,
  Report,
  ReportBody,
  ReportCounts,
  ReportEvent,
  ReportKind,
  ReportList,
  ReportState,
  RoundBody,
  RosterImport,
  RoundException,
  Round,
  RoundList,
  Rubric,
  RubricList,
  SampleList,
  Session,
  SessionList,
  Token,
  TokenBody,
  TokenList,
  TokenScope,
  Verdict,
} from './openapi';
import { asApiError } from './errors';
import { API, type Answer, request } from './http';

export type {
  Anchor,
  Answer,
  AuditEntry,
  Channel,
  Comment,
  Comparison,
  Corrected,
  Correction,
  CorrectionList,
  Decision,
  Example,
  ExampleSummary,
  Export,
  ExportFormat,
  FailureGroup,
  Grant,
  ImportedPerson,
  Info,
  Job,
  Notice,
  NoticeEvent,
  NoticeSettings,
  Participant,
  Person,
  Report,
  ReportBody,
  ReportKind,
  ReportList,
  ReportState,
  ReportSummary,
  RosterImport,
  Round,
  RoundBody,
  Rubric,
  SegmentChange,
  Session,
  Token,
  TokenBody,
  TokenScope,
  Upload,
  Verdict,
  Worker,
} from './openapi';
export type { ErrorCode, Page, Segment, SegmentFlag, Stage, Transcript, Word, WrittenFile } from './openapi';

/** Name of a server-sent event. */
export type EventName = ReportEvent['event'];
/** Data of the server-sent event with this name. */
export type EventData<Name extends EventName> = Extract<ReportEvent, { event: Name }>['data'];

/** The file of a report that an upload becomes. */
export type UploadRole = 'video' | 'written' | 'page';

/** What authors write of a report. */
export interface ReportFields {
  readonly title: string;
  readonly kind: ReportKind;
  readonly period: string;
  readonly written_text: string;
  readonly language: string;
}

/** What a report is begun with. */
export type NewReport = ReportFields & { branch?: string };


/** True when nothing works on what was handed in. */
export function isFinal(report: { state: ReportState }): boolean {
  return report.state !== 'submitted' && report.state !== 'processing';
}

const reportPath = (id: string) => `${API}/reports/${encodeURIComponent(id)}`;

export const paths = {
  events: (id: string) => `${reportPath(id)}/events`,
  uploads: `${API}/uploads/`,
  notices: `${API}/me/events`,
};

export async function getInfo(): Promise<Info> {
  return (await request<Info>(`${API}/info`)).body;
}

export async function signIn(name: string, password: string): Promise<Person> {
  const { body } = await request<PersonBody>(`${API}/session`, { method: 'POST', body: { name, password } });
  return body.person;
}

export async function signOut(): Promise<void> {
  await request(`${API}/session`, { method: 'DELETE' });
}

export interface FirstOperator {
  secret: string;
  name: string;
  display_name: string;
  password: string;
}

export async function setUp(operator: FirstOperator): Promise<Person> {
  return (await request<PersonBody>(`${API}/setup`, { method: 'POST', body: operator })).body.person;
}

export async function getMe(): Promise<Person> {
  return (await request<Person>(`${API}/me`)).body;
}

export async function changePassword(current: string, next: string): Promise<void> {
  await request(`${API}/me/password`, { method: 'POST', body: { current, new: next } });
}

export async function listSessions(): Promise<readonly Session[]> {
  return (await request<SessionList>(`${API}/me/sessions`)).body.sessions;
}

export async function endSession(id: string): Promise<void> {
  await request(`${API}/me/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export async function listTokens(): Promise<readonly Token[]> {
  return (await request<TokenList>(`${API}/me/tokens`)).body.tokens;
}

export async function makeToken(name: string, days: number, scopes: readonly TokenScope[]): Promise<TokenBody> {
  const body = { name, expires_in_days: days, scopes };
  return (await request<TokenBody>(`${API}/me/tokens`, { method: 'POST', body })).body;
}

export async function revokeToken(id: string): Promise<void> {
  await request(`${API}/me/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** A page of the reports that one may read, as far as `filter` leaves them. */
export async function listReports(
  limit: number,
  before?: string,
  filter: Record<string, string> = {},
): Promise<ReportList> {
  const query: Record<string, string> = { ...filter, limit: String(limit) };
  if (before !== undefined) query.before = before;
  return (await request<ReportList>(`${API}/reports`, { query })).body;
}

/** How many of the reports that one may read are in each state, as far as `filter` leaves them. */
export async function countReports(filter: Record<string, string>): Promise<Readonly<Record<string, number>>> {
  const { states: _, ...query } = filter;
  return (await request<ReportCounts>(`${API}/reports/counts`, { query })).body.states;
}

export async function getReport(id: string): Promise<Report> {
  return (await request<ReportBody>(reportPath(id))).body.report;
}

/** A report with its ETag, which a change of it names. */
export function getTagged(id: string): Promise<Answer<ReportBody>> {
  return request<ReportBody>(reportPath(id));
}

export async function listNotices(limit: number, before?: string): Promise<NoticeList> {
  const query: Record<string, string> = { limit: String(limit) };
  if (before !== undefined) query.before = before;
  return (await request<NoticeList>(`${API}/me/notices`, { query })).body;
}

export async function markRead(upTo: string): Promise<void> {
  await request(`${API}/me/notices/read`, { method: 'POST', body: { up_to: upTo } });
}

export async function getNoticeSettings(): Promise<NoticeSettings> {
  return (await request<NoticeSettings>(`${API}/me/notice-settings`)).body;
}

export async function saveNoticeSettings(settings: NoticeSettings): Promise<void> {
  await request(`${API}/me/notice-settings`, { method: 'PUT', body: settings });
}

/** The rounds that one takes part in, and those of the branches that one looks after. */
export async function listRounds(): Promise<readonly Round[]> {
  return (await request<RoundList>(`${API}/rounds`)).body.rounds;
}

const roundPath = (id: string) => `${API}/rounds/${encodeURIComponent(id)}`;

/** A round, with how one stands, or how many others stand how. */
export async function getRound(id: string): Promise<RoundBody> {
  return (await request<RoundBody>(roundPath(id))).body;
}

export async function openRound(round: NewRound): Promise<RoundBody> {
  return (await request<RoundBody>(`${API}/rounds`, { method: 'POST', body: round })).body;
}

export async function closeRound(id: string): Promise<RoundBody> {
  return (await request<RoundBody>(`${roundPath(id)}/close`, { method: 'POST' })).body;
}

/** Reminds those who owe a report. */
export async function remindOfRound(id: string): Promise<Reminded> {
  return (await request<Reminded>(`${roundPath(id)}/remind`, { method: 'POST' })).body;
}

/** Those of whom a round asks something: all, or those who stand so. */
export async function listParticipants(id: string, standing: string, after?: string): Promise<ParticipantList> {
  const query: Record<string, string> = {};
  if (standing !== '') query.standing = standing;
  if (after !== undefined) query.after = after;
  return (await request<ParticipantList>(`${roundPath(id)}/participants`, { query })).body;
}

/** Makes another rule for one person, in place of the one before. */
export async function setException(id: string, person: string, rule: RoundException): Promise<void> {
  await request(`${roundPath(id)}/participants/${encodeURIComponent(person)}`, { method: 'PUT', body: rule });
}

/** What is exported. */
export type Exported = { report: string } | { round: string };

/** What one has exported of a report or a round, the newest first. */
export async function listExports(of: Exported): Promise<readonly Export[]> {
  return (await request<ExportList>(`${API}/exports`, { query: { ...of } })).body.exports;
}

/** Has a file made of a report or a round. */
export async function requestExport(of: Exported, format: ExportFormat): Promise<Export> {
  const path = 'report' in of ? reportPath(of.report) : roundPath(of.round);
  return (await request<Export>(`${path}/exports`, { method: 'POST', body: { format } })).body;
}

/** Begins a report for a round, which says what it is for. */
export function beginForRound(round: string, kind: ReportKind | undefined): Promise<Answer<ReportBody>> {
  const body = kind === undefined ? { round } : { round, kind };
  return request<ReportBody>(`${API}/reports`, { method: 'POST', body });
}

export function createReport(report: NewReport): Promise<Answer<ReportBody>> {
  return request<ReportBody>(`${API}/reports`, { method: 'POST', body: report });
}

export function changeReport(id: string, fields: ReportFields, etag: string): Promise<Answer<ReportBody>> {
  return request<ReportBody>(reportPath(id), { method: 'PATCH', body: fields, ifMatch: etag });
}

export async function submitReport(id: string): Promise<void> {
  await request(`${reportPath(id)}/submit`, { method: 'POST' });
}

/** Removes a draft that was never handed in. */
export async function discardDraft(id: string): Promise<void> {
  await request(reportPath(id), { method: 'DELETE' });
}

export async function withdrawReport(id: string): Promise<void> {
  await request(`${reportPath(id)}/withdraw`, { method: 'POST' });
}

/** How loud a recording is over time: see `waveform`. */
export async function getPeaks(href: string): Promise<Uint8Array> {
  const answer = await fetch(href);
  if (!answer.ok) throw new Error(String(answer.status));
  return new Uint8Array(await answer.arrayBuffer());
}

/** What was said, compared with what was written; null where there is nothing to compare. */
export async function getComparison(id: string): Promise<Comparison | null> {
  try {
    return (await request<Comparison>(`${reportPath(id)}/comparison`)).body;
  } catch (failure) {
    if (asApiError(failure).status === 404) return null;
    throw failure;
  }
}

/** Puts texts in place of sentences that were read. */
export async function correct(
  id: string,
  replaced: readonly { id: number; text: string }[],
  by: readonly string[],
): Promise<Corrected> {
  return (await request<Corrected>(`${reportPath(id)}/corrections`, { method: 'POST', body: { replaced, by } })).body;
}

/** Takes back what one version has corrected. */
export async function undoCorrection(id: string, version: number): Promise<Corrected> {
  return (await request<Corrected>(`${reportPath(id)}/corrections/${version}/undo`, { method: 'POST' })).body;
}

/** A page of what people have corrected, the newest first. */
export async function listCorrections(id: string, before?: number): Promise<CorrectionList> {
  const query: Record<string, string> = before === undefined ? {} : { before: String(before) };
  return (await request<CorrectionList>(`${reportPath(id)}/corrections`, { query })).body;
}

export async function addComment(
  id: string,
  comment: { text: string; parent?: string; anchor?: Anchor; shared?: boolean },
): Promise<Comment> {
  const body = { shared: false, ...comment } satisfies NewComment;
  return (await request<Comment>(`${reportPath(id)}/comments`, { method: 'POST', body })).body;
}

const commentPath = (id: string, comment: string) => `${reportPath(id)}/comments/${encodeURIComponent(comment)}`;

export async function changeComment(id: string, comment: string, change: CommentChange): Promise<Comment> {
  return (await request<Comment>(commentPath(id, comment), { method: 'PATCH', body: change })).body;
}

export async function removeComment(id: string, comment: string): Promise<void> {
  await request(commentPath(id, comment), { method: 'DELETE' });
}

/** Answers a question of the rubric, or changes one's answer that has this revision; 0: there is none yet. */
export async function answerQuestion(
  id: string,
  question: string,
  answer: NewAnswer,
  revision: number,
): Promise<RubricAnswer> {
  const path = `${reportPath(id)}/answers/${encodeURIComponent(question)}`;
  return (await request<RubricAnswer>(path, { method: 'PUT', body: answer, ifMatch: `"a${revision}"` })).body;
}

/** The rubrics of the branches that one reviews, of those below and of those above. */
export async function listRubrics(): Promise<readonly Rubric[]> {
  return (await request<RubricList>(`${API}/rubrics`)).body.rubrics;
}

/** Sets what a branch asks, in place of this revision; 0: it has asked nothing yet. */
export async function setRubric(rubric: NewRubric, revision: number): Promise<Rubric> {
  return (await request<Rubric>(`${API}/rubrics`, { method: 'PUT', body: rubric, ifMatch: `"r${revision}"` })).body;
}

/** The good examples that one may open, the newest first. */
export async function listExamples(): Promise<readonly ExampleSummary[]> {
  return (await request<ExampleList>(`${API}/examples`)).body.examples;
}

export async function getExample(id: string): Promise<Example> {
  return (await request<Example>(`${API}/examples/${encodeURIComponent(id)}`)).body;
}

/** Agrees to one's report being shown as an example, or takes that back. */
export async function consentToExample(id: string, given: boolean): Promise<void> {
  await request(`${reportPath(id)}/example-consent`, { method: 'PUT', body: { given } });
}

export async function publishExample(id: string): Promise<void> {
  await request(`${reportPath(id)}/example`, { method: 'PUT' });
}

export async function withdrawExample(id: string): Promise<void> {
  await request(`${reportPath(id)}/example`, { method: 'DELETE' });
}

/** How far back plots look. */
export type SampleSpan = 'hour' | 'day' | 'month';

/** What the system has measured of itself. */
export async function listSamples(over: SampleSpan): Promise<SampleList> {
  return (await request<SampleList>(`${API}/jobs/samples`, { query: { over } })).body;
}

/** Decides about a report whose transcript was read in this version. */
export async function decide(id: string, verdict: Verdict, reasons: string, version: number): Promise<Report> {
  const body = { verdict, reasons, transcript_version: version };
  return (await request<ReportBody>(`${reportPath(id)}/decisions`, { method: 'POST', body })).body.report;
}

/** Lets the server forget a file of a draft, or a part of it. */
export async function removeUpload(id: string): Promise<void> {
  await request(`${paths.uploads}${encodeURIComponent(id)}`, { method: 'DELETE', tus: true });
}

/** Where people are to be had as a table. */
export const exportPath = `${API}/people/export`;

const personPath = (id: string) => `${API}/people/${encodeURIComponent(id)}`;

/** A page of the people whom one looks after; empty parameters are none. */
export async function listPeople(query: { q?: string; role?: string; after?: string }): Promise<PeopleList> {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return (await request<PeopleList>(`${API}/people`, { query: Object.fromEntries(given) })).body;
}

export async function getPerson(id: string): Promise<Person> {
  return (await request<PersonBody>(personPath(id))).body.person;
}

export async function listBranches(): Promise<readonly string[]> {
  return (await request<BranchList>(`${API}/branches`)).body.branches;
}

export async function addPerson(person: NewPerson): Promise<Person> {
  return (await request<PersonBody>(`${API}/people`, { method: 'POST', body: person })).body.person;
}

export async function changePerson(id: string, change: PersonChange): Promise<void> {
  await request(personPath(id), { method: 'PATCH', body: change });
}

export async function resetPassword(id: string, password: string): Promise<void> {
  await request(`${personPath(id)}/password`, { method: 'POST', body: { password } });
}

export async function revokeGrant(id: string, { role, branch }: Grant): Promise<void> {
  await request(`${personPath(id)}/grants`, { method: 'DELETE', query: { role, branch } });
}

/** Takes over a roster, or says what that would change. */
export async function importRoster(file: File, dryRun: boolean, passwords: boolean): Promise<RosterImport> {
  const query = { dry_run: String(dryRun), passwords: String(passwords) };
  return (await request<RosterImport>(`${API}/people/import`, { method: 'POST', query, file })).body;
}

/** The channels of the branches that one looks after. */
export async function listChannels(): Promise<readonly Channel[]> {
  return (await request<ChannelList>(`${API}/channels`)).body.channels;
}

export async function addChannel(channel: NewChannel): Promise<void> {
  await request(`${API}/channels`, { method: 'POST', body: channel });
}

export async function removeChannel(id: string): Promise<void> {
  await request(`${API}/channels/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** A page of the audit log; empty parameters are none. */
export async function listAudit(query: Record<'action' | 'person' | 'subject', string> & { before?: string }): Promise<AuditList> {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return (await request<AuditList>(`${API}/audit`, { query: Object.fromEntries(given) })).body;
}

/** How much there is to do, how quickly it is done, and what failed. */
export async function getJobsSummary(): Promise<JobsSummary> {
  return (await request<JobsSummary>(`${API}/jobs/summary`)).body;
}

/** A page of jobs, the newest first. */
export async function listJobs(query: Record<string, string>): Promise<JobList> {
  return (await request<JobList>(`${API}/jobs`, { query })).body;
}

/** Which dead jobs: these, or all that the others leave. */
export type WhichDead = { ids: readonly string[] } | { kind: string; code: string };

/** Queues dead jobs again; says how many. */
export async function retryJobs(which: WhichDead): Promise<number> {
  return (await request<DeadJobsDone>(`${API}/jobs/retry`, { method: 'POST', body: which })).body.jobs;
}

/** Takes dead jobs out of the lists; says how many. */
export async function discardJobs(which: WhichDead): Promise<number> {
  return (await request<DeadJobsDone>(`${API}/jobs/discard`, { method: 'POST', body: which })).body.jobs;
}

export async function listWorkers(): Promise<readonly Worker[]> {
  return (await request<WorkerList>(`${API}/workers`)).body.workers;
}

/** Has a worker take no further jobs, or go on. */
export async function pauseWorker(name: string, paused: boolean): Promise<void> {
  await request(`${API}/workers/pause`, { method: 'POST', body: { name, paused } });
}
