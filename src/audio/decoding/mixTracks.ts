/** Of one track: mono 16 kHz from the beginning of the recording. */
export type TrackPieces = AsyncGenerator<Float32Array>;

/**
 * Several tracks of one recording, mixed to their mean: they keep their place on the time line, and one that ends early
 * is silent from there on. Reads them in step, so that no track runs ahead. Owns them.
 */
export async function* mixTracks(tracks: readonly TrackPieces[]): AsyncGenerator<Float32Array> {
  const open = tracks.map((pieces) => ({ pieces, held: new Float32Array(0) as Float32Array }));
  try {
    while (open.length > 0) {
      await Promise.all(open.map((track) => fill(track, open)));
      if (open.length === 0) return;
      const length = Math.min(...open.map(({ held }) => held.length));
      const mixed = new Float32Array(length);
      for (const track of open) {
        for (let i = 0; i < length; i += 1) mixed[i]! += track.held[i]! / tracks.length;
        track.held = track.held.subarray(length);
      }
      yield mixed;
    }
  } finally {
    await Promise.all(tracks.map((pieces) => pieces.return(undefined)));
  }
}

interface OpenTrack {
  readonly pieces: TrackPieces;
  held: Float32Array;
}

/** Sees to it that the track has samples at hand, or is no longer among those open. */
async function fill(track: OpenTrack, open: OpenTrack[]): Promise<void> {
  while (track.held.length === 0) {
    const next = await track.pieces.next();
    if (next.done) {
      open.splice(open.indexOf(track), 1);
      return;
    }
    track.held = next.value;
  }
}
