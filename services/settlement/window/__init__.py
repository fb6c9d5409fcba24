"""One-bill settlement at hospitals' windows (一单结算): the mutual-aid share of a stay, answered with the basic insurance's bill."""
