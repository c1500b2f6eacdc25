#pragma once
/// \file How many streams a schedule has made.

#include "programs.h"

namespace lathe {

inline size_t streams_of(const Schedule& s) {
    size_t all = 0;
    for (const Function& f : s.module().functions)
        for_each(f.body, [&](const Stmt& x) { all += x.kind() == StmtKind::stream; }, nullptr);
    return all;
}

} // namespace lathe
