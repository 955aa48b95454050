module steady

go 1.25

// The contract, as `agave plugin build` generates it.
require agave v0.0.0

replace agave => ./build/agave
