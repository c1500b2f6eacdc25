#pragma once
/// \file C++ programs as shared objects, compiled once: the build tree keeps them by their text.

#include <filesystem>
#include <string>

/// Compiles `program` with these flags, unless that was done before. `key`: text of what it includes.
/// \throws std::runtime_error with the compiler's output.
std::filesystem::path compile_shared(const std::string& compiler, const std::string& flags,
                                     const std::string& key, const std::string& program);

/// The address of `symbol` in the object. \throws std::runtime_error.
void* load_symbol(const std::filesystem::path& object, const char* symbol);

std::string read_file(const std::filesystem::path& path);
