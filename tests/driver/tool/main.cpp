#include "table.h"

int main(int argc, char** argv) {
    return lathe::generator_main(
        argc, argv,
        {scale_generator(), throwing_generator(), means_generator(), plate_generator(), scored_generator()});
}
