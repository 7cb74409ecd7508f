import fc from 'fast-check';

// Property tests try the same cases every time, so that a change is what makes one fail. `PROPERTY_SEED=$RANDOM npm test`
// tries others. A failing property prints its seed and path.
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 20260502) });
