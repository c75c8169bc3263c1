// assimp, for meshes of Collada, glTF and other formats: for ShapeFiles alone.
#pragma once
#include <assimp/cimport.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>
