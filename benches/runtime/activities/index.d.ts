/** Does nothing. */
export declare function nothing(): Promise<void>;
/** Does nothing, and says that it built a part. */
export declare function buildPart(input: { name: string; step: string }): Promise<{ success: boolean; artifact: string }>;
