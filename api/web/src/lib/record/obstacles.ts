/** Why somebody cannot record in the page. */

export type Obstacle =
  /** The pages came over plain HTTP, where browsers give out no camera. */
  | 'insecure'
  /** WeChat's own browser, without recording. */
  | 'wechat'
  /** A browser that cannot record. */
  | 'unsupported'
  /** The camera or the microphone is not allowed. */
  | 'denied'
  | 'missing'
  /** Another program has the camera. */
  | 'busy'
  | 'failed';

export interface Surroundings {
  readonly secure: boolean;
  readonly userAgent: string;
  readonly hasCameras: boolean;
  readonly hasRecorder: boolean;
}

/** What can be told before anybody is asked for the camera. */
export function obstacleIn({ secure, userAgent, hasCameras, hasRecorder }: Surroundings): Obstacle | null {
  if (hasCameras && hasRecorder) return null;
  if (userAgent.includes('MicroMessenger/')) return 'wechat';
  return secure ? 'unsupported' : 'insecure';
}

const BY_NAME: Record<string, Obstacle> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

/** What a refusal of the camera means. */
export function obstacleOf(error: unknown): Obstacle {
  return (error instanceof Error && BY_NAME[error.name]) || 'failed';
}
