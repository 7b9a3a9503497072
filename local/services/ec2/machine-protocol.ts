/** A script as a machine runs it. */
export interface Script {
  /** What reads it: cloud-init obeys user data's first line, SSM's agent calls `sh`. */
  readonly shell: 'bash' | 'sh';
  /** Where the machine keeps it, below its root. */
  readonly file: string;
  readonly text: string;
  /** The whole environment; the machine adds its own mark, by which its processes are found. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/** What the embedded EC2 tells a machine process. */
export type MachineOrder =
  | { readonly type: 'run'; readonly id: string; readonly script: Script }
  | { readonly type: 'cancel'; readonly id: string }
  /** End; `stop` leaves the directory as it is, as a disk. */
  | { readonly type: 'stop' | 'terminate'; readonly graceSeconds: number };

/** How a script ended on a machine. */
export interface ScriptEnd {
  /** Exit code; 128 and the signal's number where a signal ended it, as a shell reports it. */
  readonly exitCode: number;
  /** Set where it did not end by itself. */
  readonly stopped?: 'time limit' | 'cancel';
  readonly stdout: string;
  readonly stderr: string;
}

/** What a machine process tells the embedded EC2. */
export type MachineReport =
  /** It is up and takes orders. */
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'ended'; readonly id: string; readonly end: ScriptEnd }
  /** Somebody on the machine turned it off. */
  | { readonly type: 'shutdown' };
