/** The pipeline's text; other users cannot read an environment, and it holds no secret anyway. */
export const PIPELINE_VARIABLE = 'VOICE_PRINTS_PIPELINE';
/** Set where the pipeline does not read standard input, so that its end signals the end of the parent. */
export const WATCH_VARIABLE = 'VOICE_PRINTS_WATCH_STDIN';
