"""Where images come from: folders, archives, torchvision's sets, made ones."""
