#pragma once
/// \file Pictures of what the filters gave.

#include "support/png_image.h"

#include <lathe/lathe.h>

/// The image as pixels of this type.
lathe::AnyBuffer pixels_of(const support::Image& image, lathe::Type pixel);
/// Its middle. \throws lathe::Error where the image is smaller.
support::Image part_of(const support::Image& image, int height, int width);

/// With noise, normally distributed with this deviation.
support::Image with_noise(const support::Image& image, double deviation);
/// The second image beside the first, in decibels.
double signal_to_noise(const support::Image& image, const support::Image& other);

/// Rounded, within 0 … 255, each value times `factor`.
support::Image image_of(const lathe::AnyBuffer& b, double factor = 1);
/// The image, darker, and a white square at each maximum of the response that is a hundredth of the largest
/// or more.
support::Image corners_on(const support::Image& image, const lathe::AnyBuffer& response);

/// Three images in a row, as many rows as there are.
support::Image montage(const std::vector<support::Image>& images);
