#pragma once
/// \file Random producers and consumers joined by a stream: what is wrong with them, if anything is.

#include <optional>
#include <random>
#include <string>

/// One pair, streamed if that is accepted, in the checking interpreter beside itself without.
std::optional<std::string> wrong_stream(std::mt19937& random);
