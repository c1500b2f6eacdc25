#pragma once
/// \file Random producers and consumers joined by a stream, and random rows of processes: what is wrong with
/// them, if anything is.

#include <optional>
#include <random>
#include <string>

/// One pair, streamed if that is accepted, in the checking interpreter beside itself without.
std::optional<std::string> wrong_stream(std::mt19937& random);

/// One loop unfolded, and what its processes read relayed, if that is accepted, in the same way.
std::optional<std::string> wrong_row(std::mt19937& random);
