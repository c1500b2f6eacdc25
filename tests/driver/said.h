#pragma once
/// \file What a program's main function says, called in this process.

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

struct Said {
    int status;
    std::string out, error;
};

/// `main_function(argc, argv)` of the program "tool".
template <class Main> Said said(const std::vector<std::string>& arguments, const Main& main_function) {
    std::vector<const char*> argv{"tool"};
    for (const std::string& a : arguments)
        argv.push_back(a.c_str());
    std::ostringstream out, error;
    auto *old_out = std::cout.rdbuf(out.rdbuf()), *old_error = std::cerr.rdbuf(error.rdbuf());
    const int status = main_function(static_cast<int>(argv.size()), argv.data());
    std::cout.rdbuf(old_out);
    std::cerr.rdbuf(old_error);
    return {status, out.str(), error.str()};
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}
