#include "lathe/ir/error.h"

#include <string_view>

namespace lathe {

std::string Loc::str() const {
    if (!known()) return "generated code";
    std::string_view name = file;
    const size_t slash = name.find_last_of("/\\");
    if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
    return fmt::format("{}:{}", name, line);
}

Error::Error(Loc loc, const std::string& message)
    : std::runtime_error(loc.known() ? loc.str() + ": " + message : message), where(loc), text(message) {}

} // namespace lathe
