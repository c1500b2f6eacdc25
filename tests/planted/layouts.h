#pragma once
/// \file Random layouts of one program each: what is wrong with them, if anything is.

#include <optional>
#include <random>
#include <string>

/// A window with random layouts in the checking interpreter and compiled, beside itself without.
std::optional<std::string> wrong_window(std::mt19937& random);

/// The places of a tensor's elements, beside those that a few lines of arithmetic say.
std::optional<std::string> wrong_address(std::mt19937& random);

/// The banks that Vitis C++ names, of a window's array, where it is and in what it calls.
std::optional<std::string> wrong_pragma(std::mt19937& random);
