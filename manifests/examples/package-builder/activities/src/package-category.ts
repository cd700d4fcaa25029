// The categories of packages, in the order of the layers: a package depends on its own layer or lower ones.
// Depends on types.ts; it must not know what a category is used for.

import type { PackageCategory } from './types';

/** All categories, lowest layer first. */
export const packageCategories: readonly PackageCategory[] = ['core', 'utility', 'library', 'service', 'app'];

/** Whether a value from outside is a category. */
export function isPackageCategory(value: unknown): value is PackageCategory {
  return packageCategories.some((category) => category === value);
}
