#pragma once
/// \file Random schedules that hold a certain primitive.

#include <string_view>

/// Makes random calls on random programs until one of this primitive is accepted, and checks that the
/// schedule is right then. Fails where no program meets it: then the generator does not draw the primitive as
/// it should.
void drawn(std::string_view primitive);
