#pragma once
/// \file What refusal tests share.

#include "programs.h"

#include <filesystem>

/// Runs `call` and expects an Error at `line` that says `text`, and the schedule to be as before.
template <class F>
void refused(lathe::Schedule& s, const char* file, unsigned line, const std::string& text, F call) {
    std::string before = print(s), trace = s.trace();
    bool thrown = false;
    try {
        call();
    } catch (const lathe::ir::InternalError& e) {
        FAIL(e.what());
    } catch (const lathe::Error& e) {
        thrown = true;
        std::string what = e.what();
        INFO(what);
        CHECK(e.message().find(text) != std::string::npos);
        CHECK(e.loc().line == line);
        CHECK(std::string(e.what()).find(std::filesystem::path(file).filename().string() + ":" +
                                         std::to_string(line)) != std::string::npos);
    }
    INFO("expected: " << text);
    CHECK(thrown);
    CHECK(print(s) == before);
    CHECK(s.trace() == trace);
}

#define REFUSED(s, text, call) refused(s, __FILE__, __LINE__, text, [&] { call; })
