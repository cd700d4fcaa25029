export interface BuildResult { ok: boolean; bytes: number }
export declare function build(input: { name: string }): Promise<BuildResult>;
export declare function publish(input: { name: string; tag: string }): Promise<void>;
export declare function clean(): Promise<void>;
